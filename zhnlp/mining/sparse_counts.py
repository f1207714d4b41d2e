"""Counts of a few of very many possible things: rising keys and how often each was met; parts of a corpus add up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zhnlp.mining.jit import compiled


@dataclass(eq=False)
class SparseCounts:
    """Counts of things with numbers below ``length``; two of the same length add up with ``+``.

    Attributes:
        length: how many things there could be (at most 2^32).
        keys: (P,) int64, rising.
        counts: (P,) int64.

    Example:
        >>> both = SparseCounts(9, np.array([3, 7]), np.array([1, 5])) + SparseCounts(9, np.array([7]), np.array([2]))
        >>> both.keys.tolist(), both.counts.tolist()
        ([3, 7], [1, 7])
    """

    length: int
    keys: np.ndarray
    counts: np.ndarray

    def __add__(self, other: SparseCounts) -> SparseCounts:
        return SparseCounts(self.length, *_merge(self.keys, self.counts, other.keys, other.counts))


@compiled
def _merge(keys, counts, other_keys, other_counts):
    merged = np.empty(keys.size + other_keys.size, np.int64)
    total = np.empty(merged.size, np.int64)
    i = j = n = 0
    while i < keys.size or j < other_keys.size:
        if j == other_keys.size or (i < keys.size and keys[i] < other_keys[j]):
            merged[n] = keys[i]
            total[n] = counts[i]
            i += 1
        elif i == keys.size or other_keys[j] < keys[i]:
            merged[n] = other_keys[j]
            total[n] = other_counts[j]
            j += 1
        else:
            merged[n] = keys[i]
            total[n] = counts[i] + other_counts[j]
            i += 1
            j += 1
        n += 1
    return merged[:n].copy(), total[:n].copy()
