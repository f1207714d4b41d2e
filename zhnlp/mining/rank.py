"""From judged candidates to the ranked table."""

from __future__ import annotations

import numpy as np

from zhnlp.mining.encode import Symbols
from zhnlp.mining.entropy import entropy_gain
from zhnlp.mining.methods import Candidates
from zhnlp.mining.occurrences import locate
from zhnlp.mining.progress import Progress
from zhnlp.mining.score import score_nodes
from zhnlp.mining.table import WordRow
from zhnlp.mining.trie import Trie

ALWAYS_KEPT = 20  # words that a default cut on the score leaves in the table of a tiny corpus


def rank_words(
    trie: Trie, candidates: Candidates, *, min_score: float | None
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """The kept nodes whose score reaches ``min_score``, best first, with their scores and texts.

    Ties go by falling count, then by word.
    """
    nodes = candidates.kept
    segments = None if candidates.segments is None else candidates.segments[nodes]
    scores = score_nodes(trie, nodes, segments).round(6)
    if min_score is not None:
        passed = scores >= min_score
        nodes, scores = nodes[passed], scores[passed]
    words = trie.words(nodes)
    order = sorted(range(len(words)), key=lambda i: (-scores[i], -int(trie.count[nodes[i]]), words[i]))
    return nodes[order], scores[order], [words[i] for i in order]


def default_cut(trie: Trie, candidates: Candidates, min_score: float | None) -> float | None:
    """``min_score``, lowered where it would leave fewer than 20 words of a tiny corpus."""
    kept = candidates.kept
    if min_score is None or kept.size == 0:
        return min_score
    segments = None if candidates.segments is None else candidates.segments[kept]
    scores = np.sort(score_nodes(trie, kept, segments).round(6))
    return min(min_score, float(scores[-min(ALWAYS_KEPT, scores.size)]))


def make_rows(
    symbols: Symbols,
    trie: Trie,
    candidates: Candidates,
    nodes: np.ndarray,
    scores: np.ndarray,
    words: list[str],
    known: set[str],
    *,
    threads: int,
    progress: Progress,
) -> tuple[list[WordRow], np.ndarray]:
    """One row a word, and the document in which each first occurs."""
    documents, first = locate(symbols, trie, nodes, threads=threads, progress=progress)
    segments = [None] * nodes.size if candidates.segments is None else candidates.segments[nodes].tolist()
    pmi = [
        None if np.isinf(value) else value for value in trie.pmi[nodes].astype(np.float64).round(6).tolist()
    ]
    rows = [
        WordRow(
            word=word,
            count=count,
            document_count=document_count,
            segments=segment,
            score=score,
            pmi=least_pmi,
            left_entropy=left,
            right_entropy=right,
            entropy_gain=gain,
            known=word in known,
            example=None,
        )
        for word, count, document_count, segment, score, least_pmi, left, right, gain in zip(
            words,
            trie.count[nodes].tolist(),
            documents.tolist(),
            segments,
            scores.tolist(),
            pmi,
            trie.left_entropy[nodes].astype(np.float64).round(6).tolist(),
            trie.right_entropy[nodes].astype(np.float64).round(6).tolist(),
            entropy_gain(trie, nodes).tolist(),
        )
    ]
    return rows, first
