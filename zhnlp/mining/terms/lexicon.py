"""The words that a domain's corpus is cut into: those of the general dictionary, and those mined from it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zhnlp.mining.encode import Symbols
from zhnlp.mining.methods import make_method
from zhnlp.mining.progress import Progress
from zhnlp.mining.rank import default_cut
from zhnlp.mining.score import score_nodes
from zhnlp.mining.trie import Trie
from zhnlp.mining.viterbi import segment_corpus, unit_weights


class Lexicon(NamedTuple):
    """The words that a corpus is cut into; single symbols always are units too."""

    nodes: np.ndarray  # (U,) int64, of two symbols or more, rising
    weights: np.ndarray  # (nodes,) float64, nats, at most 0; -inf where a node is no unit


def make_lexicon(
    symbols: Symbols,
    trie: Trie,
    words: np.ndarray,
    *,
    rounds: int = 1,
    threads: int = 1,
    progress: Progress | None = None,
) -> Lexicon:
    """Weigh ``words`` (nodes) by cutting the corpus with them, ``rounds`` times (hard EM from the counts of the n-grams).

    More than one round changed no ranking that was measured.
    """
    words = np.unique(words[trie.depth[words] > 1])
    counts = trie.count.astype(np.float64)
    for _ in range(rounds):
        weights = unit_weights(trie, words, counts)
        counts = segment_corpus(symbols, trie, words, weights, threads=threads, progress=progress)
    return Lexicon(words, unit_weights(trie, words, counts))


def domain_lexicon(
    symbols: Symbols, trie: Trie, listed: np.ndarray, *, threads: int, progress: Progress
) -> Lexicon:
    """The words that the default method of word discovery finds, and those that a dictionary lists.

    Args:
        listed: (nodes,) bool.
    """
    shown = {"threads": threads, "progress": progress}
    method = make_method("ngram")
    found = method.find(symbols, trie, **shown)
    mined, cut = found.kept, default_cut(trie, found, method.min_score)
    if cut is not None:
        mined = mined[score_nodes(trie, mined, found.segments[mined]).round(6) >= cut]
    return make_lexicon(symbols, trie, np.union1d(mined, np.flatnonzero(listed)), **shown)
