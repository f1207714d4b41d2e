"""One pass over the symbols on disk: counts by stretch, and all neighbours of the most frequent symbols.

A first symbol that is cut into several buckets has its entropies from here, since no bucket sees all of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from zhnlp.mining.encode import PADDING
from zhnlp.mining.jit import compiled
from zhnlp.mining.neighbours import grouped_entropies
from zhnlp.mining.out_of_core.symbol_file import read_chunks
from zhnlp.mining.progress import Progress
from zhnlp.mining.workers import iterate, split_range

NEIGHBOUR_BYTES = 8  # of one frequent symbol, for each symbol of the alphabet and each thread


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


@compiled
def _survey(symbols, begin, end, counts, slot, beside):
    for i in range(begin, end):
        symbol = symbols[i]
        counts[symbol] += 1
        s = slot[symbol]
        if s >= 0:
            beside[s, 0, symbols[i - 1]] += 1
            beside[s, 1, symbols[i + 1]] += 1


def survey(
    path: Path, symbols: int, size: int, frequent: np.ndarray, threads: int, progress: Progress | None = None
) -> Survey:
    """Count ``symbols`` padded symbols of an alphabet of ``size``, and the neighbours of the ``frequent`` ones."""
    stretches = split_range(PADDING, symbols - PADDING, threads)
    slot = np.full(size, -1, np.int64)
    slot[frequent] = np.arange(frequent.size)

    def job(begin, end):
        counts = np.zeros(size, np.int64)
        beside = np.zeros((frequent.size, 2, size), np.uint32)  # left and right neighbours
        for chunk in read_chunks(path, begin, end):
            _survey(chunk, PADDING, chunk.size - PADDING, counts, slot, beside)
        return counts, beside, end - begin

    counts, neighbours = [], []
    for found, beside, done in iterate(job, stretches, threads):
        counts.append(found)
        neighbours.append(beside)
        if progress is not None:
            progress.advance(done)
    followers = [np.stack([beside[index, 1] for beside in neighbours]) for index in range(frequent.size)]
    entropies = [_entropies(neighbours, index) for index in range(frequent.size)]
    return Survey(stretches, np.array(counts), frequent, followers, entropies)


def _entropies(stretches: list[np.ndarray], index: int) -> tuple[float, float]:
    """Left and right entropy of one symbol."""
    whole = np.sum([beside[index] for beside in stretches], axis=0, dtype=np.int64)
    histograms = [side[side > 0] for side in whole]
    left, right = (float(grouped_entropies(np.array([0, counts.size]), counts)[0]) for counts in histograms)
    return left, right
