"""One pass over the symbols on disk: counts by stretch, and all neighbours of the most frequent symbols.

A first symbol that is cut into several buckets has its entropies from here, since no bucket sees all of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from zhnlp.mining.encode import PADDING
from zhnlp.mining.jit import compiled
from zhnlp.mining.kernel import LOG_TABLE, _entropy
from zhnlp.mining.out_of_core.symbol_file import read_chunks
from zhnlp.mining.progress import Progress
from zhnlp.mining.workers import iterate, split_range

NEIGHBOUR_BYTES = 12  # of one frequent symbol, for each symbol of the alphabet and each thread


class Neighbours(NamedTuple):
    """What stands beside each of S symbols: histograms, and the neighbours in the order of first appearance."""

    left: np.ndarray  # (S, K) uint32
    right: np.ndarray  # (S, K) uint32
    left_seen: np.ndarray  # (S, K) uint16
    right_seen: np.ndarray  # (S, K) uint16
    seen: np.ndarray  # (S, 2) int64, how many neighbours left and right

    @classmethod
    def empty(cls, symbols: int, size: int) -> Neighbours:
        """Nothing seen yet."""
        kinds = np.uint32, np.uint32, np.uint16, np.uint16
        return cls(*(np.zeros((symbols, size), kind) for kind in kinds), np.zeros((symbols, 2), np.int64))


class Survey(NamedTuple):
    """What a pass found."""

    stretches: list[tuple[int, int]]  # (begin, end) among the padded symbols, one a thread
    counts: np.ndarray  # (stretches, K) int64
    frequent: np.ndarray  # (S,) int64, the symbols whose neighbours were counted, rising
    followers: list[np.ndarray]  # (S,) of (stretches, K) uint32, occurrences of each second symbol
    entropies: list[tuple[float, float]]  # (S,) left and right, in nats, as the kernel has them

    def index(self, symbol: int) -> int:
        """Where ``symbol`` stands among the frequent ones."""
        return int(np.searchsorted(self.frequent, symbol))


def _entropies(stretches: list[Neighbours], index: int) -> tuple[float, float]:
    """Left and right entropy of one symbol, summed in the order of first appearance, as the kernel does."""
    x = np.arange(LOG_TABLE, dtype=np.float64)
    x[1:] *= np.log(x[1:])
    results = []
    for side in range(2):
        histogram = sum(found[side][index].astype(np.int64) for found in stretches)
        order = np.concatenate([found[2 + side][index, : found.seen[index, side]] for found in stretches])
        _, first = np.unique(order, return_index=True)
        order = order[np.sort(first)]
        results.append(_entropy(histogram, order, order.size, int(histogram.sum()), x))
    return results[0], results[1]


@compiled
def _survey(symbols, begin, end, counts, slot, left, right, left_seen, right_seen, seen):
    for i in range(begin, end):
        symbol = symbols[i]
        counts[symbol] += 1
        s = slot[symbol]
        if s >= 0:
            a = symbols[i - 1]
            b = symbols[i + 1]
            if left[s, a] == 0:
                left_seen[s, seen[s, 0]] = a
                seen[s, 0] += 1
            left[s, a] += 1
            if right[s, b] == 0:
                right_seen[s, seen[s, 1]] = b
                seen[s, 1] += 1
            right[s, b] += 1


def survey(
    path: Path, symbols: int, size: int, frequent: np.ndarray, threads: int, progress: Progress | None = None
) -> Survey:
    """Count ``symbols`` padded symbols of an alphabet of ``size``, and the neighbours of the ``frequent`` ones."""
    stretches = split_range(PADDING, symbols - PADDING, threads)
    slot = np.full(size, -1, np.int64)
    slot[frequent] = np.arange(frequent.size)

    def job(begin, end):
        counts = np.zeros(size, np.int64)
        neighbours = Neighbours.empty(frequent.size, size)
        for chunk in read_chunks(path, begin, end):
            _survey(chunk, PADDING, chunk.size - PADDING, counts, slot, *neighbours)
        return counts, neighbours, end - begin

    counts, neighbours = [], []
    for found, beside, done in iterate(job, stretches, threads):
        counts.append(found)
        neighbours.append(beside)
        if progress is not None:
            progress.advance(done)
    followers = [np.stack([found.right[index] for found in neighbours]) for index in range(frequent.size)]
    entropies = [_entropies(neighbours, index) for index in range(frequent.size)]
    return Survey(stretches, np.array(counts), frequent, followers, entropies)
