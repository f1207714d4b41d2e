"""Buckets: ranges of first symbols whose occurrences fit into memory together.

A bucket's occurrences are gathered as context records: left neighbour, symbol, the next ``width`` symbols.  A first
symbol too frequent for a bucket of its own is cut into buckets by its second symbol.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from zhnlp.mining.alphabet import FIRST_SYMBOL, MAX_SYMBOLS

NODE_BYTES = 20  # of a node while it is being grown
SCAN_BYTES = 5_000_000  # of a thread: read buffer, histograms, places
_GROUPS = 64  # parts that `grow_parts` cuts a bucket into


class Bucket(NamedTuple):
    """Occurrences of the first symbols ``first`` to ``stop``, followed by symbols ``second`` to ``second_stop``."""

    first: int
    stop: int
    positions: int  # how many occurrences
    largest: int  # how many of the most frequent first symbol
    second: int = 0
    second_stop: int = MAX_SYMBOLS

    @property
    def is_split(self) -> bool:
        """Whether it holds only some of the occurrences of its one first symbol."""
        return self.second > 0

    @property
    def name(self) -> str:
        """Its name as a file."""
        ends = (self.first, self.stop, self.second, self.second_stop)[: 4 if self.is_split else 2]
        return "part-" + "-".join(f"{end:05d}" for end in ends)


class Costs(NamedTuple):
    """What counting a bucket costs in memory, from the limits of the job."""

    max_length: int
    min_count: int
    threads: int

    @property
    def width(self) -> int:
        """Symbols of a record of the kernel's."""
        return 4 * ((max(self.max_length, 4) + 3) // 4)

    @property
    def stride(self) -> int:
        """Symbols of a context record: the left neighbour, the symbol, the next ``width``."""
        return self.width + 2

    @property
    def nodes_per_symbol(self) -> float:
        """About how many nodes a symbol of the corpus gives (measured on 66 million symbols of mixed text)."""
        return (
            min(self.max_length - 1, 0.6 * self.min_count**-1.3)
            if self.min_count > 1
            else self.max_length - 1
        )

    @property
    def most_positions(self) -> int:
        """Records whose places 32 bits can tell apart."""
        return ((1 << 32) - 64) // self.stride

    def of(self, positions: int, largest: int) -> int:
        """Bytes for a bucket of ``positions`` occurrences, ``largest`` of them of one first symbol."""
        records = positions * (2 * self.stride + 4)
        waiting = 1.5 * NODE_BYTES * self.nodes_per_symbol * positions  # grown, not yet written
        growing = 3 * NODE_BYTES * self.nodes_per_symbol * (positions / _GROUPS + largest)
        return int(records + waiting + self.threads * (4 * self.width * largest + growing + SCAN_BYTES))


def frequent_symbols(counts: np.ndarray, costs: Costs, capacity: int) -> np.ndarray:
    """The first symbols that have n-grams and are too frequent for a bucket of ``capacity`` bytes, rising."""
    sizes = ((symbol, int(counts[symbol])) for symbol in range(FIRST_SYMBOL, counts.size))
    found = [s for s, n in sizes if n >= costs.min_count and not _fits(n, n, costs, capacity)]
    return np.array(found, np.int64)


def _fits(positions: int, largest: int, costs: Costs, capacity: int) -> bool:
    return positions <= costs.most_positions and costs.of(positions, largest) <= capacity


def cut_buckets(
    counts: np.ndarray, followers: Mapping[int, np.ndarray], costs: Costs, capacity: int
) -> list[Bucket]:
    """Cut the first symbols into buckets of at most ``capacity`` bytes, in symbol order.

    A pair of symbols that alone is larger gets a bucket of its own: check ``costs.of`` it.

    Args:
        counts: (K,) occurrences of each symbol; those below ``min_count`` get no bucket, nor do symbols 0 and 1.
        followers: for each first symbol that must be split, (K,) occurrences of each second symbol.
        costs: what a bucket costs.
        capacity: bytes for one bucket.

    Example:
        >>> costs = Costs(max_length=4, min_count=1, threads=1)
        >>> counts = np.array([0, 0, 900, 700, 100, 10])
        >>> [(b.first, b.stop, b.positions) for b in cut_buckets(counts, {}, costs, costs.of(900, 900))]
        [(2, 3, 900), (3, 6, 810)]
    """
    buckets: list[Bucket] = []

    def pack(sizes, begin, end, make):
        """Greedy ranges of ``sizes[begin:end]``, with the sum and the greatest of each."""
        start, total, largest = begin, 0, 0
        for i in range(begin, end):
            size = int(sizes[i])
            new_largest = make(total + size, max(largest, size))
            if total and not _fits(total + size, new_largest, costs, capacity):
                yield start, i, total, largest
                start, total, largest = i, 0, 0
            total += size
            largest = make(total, max(largest, size))
        if total:
            yield start, end, total, largest

    kept = FIRST_SYMBOL + np.flatnonzero(counts[FIRST_SYMBOL:] >= costs.min_count)
    sizes = np.zeros(counts.size, np.int64)
    sizes[kept] = counts[kept]
    begin = FIRST_SYMBOL
    for symbol in [*sorted(followers), counts.size]:
        for start, stop, total, largest in pack(sizes, begin, symbol, lambda total, largest: largest):
            buckets.append(Bucket(start, stop, total, largest))
        if symbol < counts.size:
            seconds = followers[symbol]
            ranges = list(pack(seconds, FIRST_SYMBOL, seconds.size, lambda total, largest: total))
            for start, stop, total, _ in ranges or [(FIRST_SYMBOL, seconds.size, 0, 0)]:
                buckets.append(Bucket(symbol, symbol + 1, total, total, start, stop))
        begin = symbol + 1
    return buckets
