"""Unigram segmentation of a whole encoded corpus: every stretch is cut so that its total information is least.

This is the recognition step of post 5476 over symbols, where the corpus and the trie already are; text is
segmented by `zhnlp.mining.segmenter`.
"""

from __future__ import annotations

import numpy as np

from zhnlp.mining.alphabet import FIRST_SYMBOL
from zhnlp.mining.encode import Symbols
from zhnlp.mining.jit import compiled
from zhnlp.mining.join import Transitions, find_edge, find_pair, transitions
from zhnlp.mining.progress import Progress
from zhnlp.mining.trie import Trie
from zhnlp.mining.workers import Tallies, walk

STRETCH = 4096  # symbols segmented at a time where no separator comes earlier


@compiled
def cut_stretch(symbols, at, n, table, weight, longest, best, via, size):
    """Cut the ``n`` symbols from ``at``, none a separator, into the heaviest units, and return their weight.

    The units are read from the end: the last one is node ``via[n]`` of ``size[n]`` symbols.  ``best``, ``via`` and
    ``size`` have room for n + 1 entries.
    """
    best[0] = 0.0
    best[1 : n + 1] = -np.inf
    for i in range(n):
        node = np.int64(symbols[at + i])
        depth = 1
        is_chosen = True
        leads_on = True
        while True:
            if depth == 1 or is_chosen:
                value = best[i] + weight[node]
                if value > best[i + depth]:
                    best[i + depth] = value
                    via[i + depth] = node
                    size[i + depth] = depth
            if not leads_on or depth == longest or i + depth >= n or node < 2:
                break
            edge = (
                find_pair(table.pairs, table.entries, node, symbols[at + i + depth])
                if depth == 1
                else find_edge(table.entries, node, symbols[at + i + depth])
            )
            if edge < 0:
                break
            node = edge >> 2
            is_chosen = (edge & 1) != 0
            leads_on = (edge & 2) != 0
            depth += 1
    return best[n]


@compiled
def segment_stretch(symbols, begin, end, table, weight, longest, count):
    """Segment ``symbols[begin:end]`` and count the units by node; returns the total weight of the cuts."""
    best = np.empty(STRETCH + 1, np.float64)
    via = np.empty(STRETCH + 1, np.int64)
    size = np.empty(STRETCH + 1, np.int64)
    total = 0.0
    at = begin
    while at < end:
        if symbols[at] == 0:
            at += 1
            continue
        stop = at
        while stop < end and symbols[stop] != 0 and stop - at < STRETCH:
            stop += 1
        n = stop - at
        total += cut_stretch(symbols, at, n, table, weight, longest, best, via, size)
        i = n
        while i > 0:
            count[via[i]] += 1
            i -= size[i]
        at = stop
    return total


def segment_corpus(
    symbols: Symbols,
    trie: Trie,
    words: np.ndarray,
    weights: np.ndarray,
    *,
    threads: int = 1,
    progress: Progress | None = None,
) -> np.ndarray:
    """Cut the corpus into the heaviest sequence of ``words`` and single symbols, and count the units.

    Args:
        words: (M,) nodes of the lexicon; single symbols are always allowed.
        weights: (nodes,) log-probabilities, at most 0, of single symbols and of ``words``.

    Returns:
        Units by node, (nodes,) int64.
    """
    chosen = np.zeros(len(trie), np.bool_)
    chosen[words] = True
    longest = int(trie.depth[words].max(initial=1))
    frame = transitions(trie, chosen), weights, longest
    return symbols.sum_over(_segment, *frame, threads=threads, progress=progress)[0]


def _segment(
    symbols: Symbols,
    table: Transitions,
    weights: np.ndarray,
    longest: int,
    *,
    threads: int,
    progress: Progress | None,
) -> tuple[np.ndarray]:
    tallies = Tallies(weights.size, np.int64)

    def job(begin, end, document):
        segment_stretch(symbols.array, begin, end, table, weights, longest, tallies.mine())

    for _ in walk(symbols, job, threads=threads, progress=progress):
        pass
    return (tallies.total(),)


def unit_weights(trie: Trie, words: np.ndarray, counts: np.ndarray, *, floor: float = 0.5) -> np.ndarray:
    """ln(count / total) of the single symbols and of ``words``, (nodes,) float64; -inf for all other nodes.

    Args:
        counts: (nodes,) how often each stands as a unit.
        floor: what a unit is counted as that was never met alone.
    """
    allowed = np.concatenate([np.arange(len(trie.alphabet)), words[words >= len(trie.alphabet)]])
    weights = np.full(len(trie), -np.inf)
    value = np.maximum(counts[allowed], floor)
    weights[allowed] = np.log(value / max(value[FIRST_SYMBOL:].sum(), floor))  # of nothing: no warning
    return weights
