"""A segmenter from what was mined: its units, and what they weigh."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from zhnlp.mining.alphabet import FIRST_SYMBOL
from zhnlp.mining.encode import Symbols
from zhnlp.mining.trie import Trie
from zhnlp.mining.unit_weights import word_weights
from zhnlp.mining.viterbi import segment_corpus, unit_weights

if TYPE_CHECKING:
    from zhnlp.mining.segmenter import Segmenter

_SHORT = 20_000  # symbols; a shorter text is segmented by plain counts, see `zhnlp.mining.unit_weights`


def count_units(
    symbols: Symbols,
    trie: Trie,
    words: np.ndarray,
    segments: np.ndarray | None,
    *,
    threads: int,
    rounds: int = 2,
) -> np.ndarray:
    """How often each node is a unit when the corpus is cut by ``words`` with least information, (nodes,).

    Args:
        segments: (nodes,) counts to start from; None starts from the counts of the n-grams.
        rounds: re-estimations of the unit probabilities (hard EM), 1 or more.

    Raises:
        ValueError: ``rounds`` is below 1.
    """
    if rounds < 1:
        raise ValueError(f"rounds={rounds} is not possible: expected 1 or more cuts of the corpus")
    counts = (trie.count if segments is None else segments).astype(np.float64)
    for _ in range(rounds):
        counts = segment_corpus(symbols, trie, words, unit_weights(trie, words, counts), threads=threads)
    return counts


def mined_segmenter(
    symbols: Symbols,
    trie: Trie,
    words: np.ndarray,
    segments: np.ndarray | None,
    unit_counts: Callable[[], np.ndarray],
    *,
    runs: str,
    threads: int,
) -> Segmenter:
    """A unigram segmenter over the mined ``words`` (nodes) and the single symbols of the corpus."""
    from zhnlp.mining.segmenter import Segmenter

    if trie.total >= _SHORT:
        units = word_weights(symbols, trie, words, segments, threads=threads)
        return Segmenter(dict(zip(trie.words(units.nodes), units.weights.tolist())), runs=runs)
    nodes = np.union1d(np.arange(FIRST_SYMBOL, len(trie.alphabet)), words)
    counts = np.maximum(unit_counts()[nodes], 0.5)
    return Segmenter.from_counts(dict(zip(trie.words(nodes), counts.tolist())), runs=runs)
