"""Entropy of a histogram of neighbours, summed in whole numbers so that no order of summing changes a bit.

H = ln T - Σ n ln n / T with each n ln n rounded to a multiple of 2^-24.  The sum is exact in 64 bits as long as the
histogram sums to 2^34 or less, since Σ n ln n ≤ T ln T < 2^39; H is wrong by 2^-25 nats at most.  So documents can
come in any order and histograms from any number of machines.  Beyond, where only a cluster counts, Python adds up.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from zhnlp.mining.jit import compiled

LOG_TABLE = 1 << 14
SCALE = float(1 << 24)
MOST = 1 << 34  # sum of a histogram that 64 bits can serve


@cache
def n_log_n_table() -> np.ndarray:
    """n ln n in multiples of 2^-24 for n below `LOG_TABLE`, (LOG_TABLE,) int64; not to be written to."""
    values = (round(n * math.log(n) * SCALE) for n in range(1, LOG_TABLE))
    table = np.fromiter((0, *values), np.int64, LOG_TABLE)
    table.flags.writeable = False
    return table


@compiled
def histogram_entropy(histogram, seen, size, total, n_log_n):
    """Entropy in nats of ``histogram`` over its ``size`` different ``seen`` symbols, which sum to ``total``."""
    if size == 1:
        return 0.0
    weighted = np.int64(0)
    for i in range(size):
        n = np.int64(histogram[seen[i]])
        if n < n_log_n.size:
            weighted += n_log_n[n]
        else:
            weighted += np.int64(np.rint(n * np.log(np.float64(n)) * SCALE))
    return max(np.log(np.float64(total)) - weighted / SCALE / total, 0.0)


@compiled
def _grouped(bounds, counts, n_log_n, out):
    for group in range(bounds.size - 1):
        mine = counts[bounds[group] : bounds[group + 1]]
        total = mine.sum()
        if total > MOST:
            out[group] = -1.0
        elif mine.size > 0:
            out[group] = histogram_entropy(mine, np.arange(mine.size), mine.size, total, n_log_n)


def grouped_entropies(bounds: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Entropy in nats of each histogram ``counts[bounds[i]:bounds[i + 1]]``, (groups,) float64; 0 of an empty one.

    Args:
        bounds: (groups + 1,) int64, rising.
        counts: int64, 1 or more each.

    Example:
        >>> grouped_entropies(np.array([0, 2, 2, 3]), np.array([5, 5, 9])).round(6).tolist()
        [0.693147, 0.0, 0.0]
    """
    out = np.zeros(bounds.size - 1)
    _grouped(bounds.astype(np.int64), counts.astype(np.int64), n_log_n_table(), out)
    for group in np.flatnonzero(out < 0).tolist():
        out[group] = _large_entropy(counts[bounds[group] : bounds[group + 1]].tolist())
    return out


def _large_entropy(counts: list[int]) -> float:
    total = sum(counts)
    weighted = sum(round(n * math.log(n) * SCALE) for n in counts)
    return max(math.log(total) - weighted / int(SCALE) / total, 0.0)
