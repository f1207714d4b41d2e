"""The rows of a term table from chosen candidates."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from zhnlp.mining.terms.nesting import nested_terms
from zhnlp.mining.terms.scorers import SCORERS, LogOdds
from zhnlp.mining.terms.selection import DIGITS, Selection
from zhnlp.mining.terms.statistics import TermCandidates
from zhnlp.mining.terms.table import TermRow
from zhnlp.mining.terms.variants import find_variants
from zhnlp.mining.terms.word_classes import WordClass
from zhnlp.mining.trie import Trie


def make_rows(
    trie: Trie,
    candidates: TermCandidates,
    selection: Selection,
    scores: np.ndarray,
    meaning: Mapping[str, list] | None = None,
) -> list[TermRow]:
    """One row a chosen candidate, in the order of the selection; full-width variants and examples are filled in later.

    Args:
        scores: (M,) of all candidates.
        meaning: similarity, cluster, depth, x and y of the chosen ones, where there are word vectors.
    """
    chosen = selection.kept
    statistics = candidates.statistics
    columns: dict[str, list] = {
        "term": selection.terms,
        "count": statistics.count[chosen].tolist(),
        "reference_count": statistics.reference_count[chosen].tolist(),
        "document_count": statistics.document_count[chosen].tolist(),
        "score": scores[chosen].round(DIGITS).tolist(),
    }
    for name, scorer in SCORERS.items():
        if scorer is not LogOdds:  # the mean that Ratio takes is over all candidates
            columns[name] = scorer().score(statistics)[chosen].round(DIGITS).tolist()
    for name in ("similarity", "cluster", "depth"):
        columns[name] = [None] * chosen.size if meaning is None else meaning[name]
    terms, nodes = selection.terms, candidates.nodes[chosen]
    columns["nested"] = [[terms[i] for i in inner] for inner in nested_terms(trie, nodes)]
    columns["variants"] = find_variants(trie, nodes)
    columns["known"] = (statistics.own_class[chosen] != WordClass.UNLISTED).tolist()
    for name in ("x", "y"):
        columns[name] = [None] * chosen.size if meaning is None else meaning[name]
    columns["example"] = [None] * chosen.size
    return [TermRow(**dict(zip(columns, values))) for values in zip(*columns.values())]
