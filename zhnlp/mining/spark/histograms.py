"""Neighbours: of symbols, or of longer n-grams that are too frequent for one bucket.

An owner is a number that stands for an n-gram: a symbol, or a head of the plan.  Map counts (owner, neighbour) on
either side; reduce adds up, and gives the entropies of the owners and those right neighbours that are frequent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from zhnlp.mining.alphabet import FIRST_SYMBOL
from zhnlp.mining.neighbours import grouped_entropies
from zhnlp.mining.spark.arrow import array_of, batches_of, groups_of
from zhnlp.mining.spark.symbolise import texts_of

if TYPE_CHECKING:
    import pyarrow

LEFT, RIGHT = 0, 1
COUNTED = {
    "group": "int",
    "keys": "binary",
    "counts": "binary",
}  # keys: owner << 16 | neighbour, uint32 or uint64
FOUND = {
    "side": "int",
    "owners": "binary",  # int64
    "entropies": "binary",  # float64
    "keys": "binary",  # uint64, of frequent right neighbours
    "counts": "binary",  # int64
}
_WAITING = 1 << 23  # pairs counted together

PairsOf = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def pairs_of_symbols(symbols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(neighbour to the left, to the right) of every symbol that can be in a word, as keys."""
    before, after = symbols[:-1].astype(np.uint32), symbols[1:].astype(np.uint32)
    left = (after << 16 | before)[after >= FIRST_SYMBOL]
    right = (before << 16 | after)[before >= FIRST_SYMBOL]
    return left, right


class _Tally:
    """Counts of keys, merged now and then."""

    def __init__(self):
        self.keys, self.counts = np.zeros(0, np.uint64), np.zeros(0, np.int64)
        self._waiting: list[np.ndarray] = []
        self._size = 0

    def add(self, keys: np.ndarray) -> None:
        self._waiting.append(keys)
        self._size += keys.size
        if self._size >= _WAITING:
            self.close()

    def close(self) -> None:
        if self._waiting:
            keys, counts = np.unique(np.concatenate(self._waiting), return_counts=True)
            self.keys, self.counts = merged(
                np.concatenate([self.keys, keys.astype(np.uint64)]), np.concatenate([self.counts, counts])
            )
            self._waiting, self._size = [], 0


def merged(keys: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keys in rising order, each once, with the sums of their counts.

    Example:
        >>> [column.tolist() for column in merged(np.array([7, 3, 7]), np.array([1, 5, 2]))]
        [[3, 7], [5, 3]]
    """
    order = np.argsort(keys, kind="stable")
    keys, counts = keys[order], counts[order]
    first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])) if keys.size else np.zeros(0, np.int64)
    return keys[first], np.add.reduceat(counts, first) if keys.size else counts


def count_neighbours(
    batches: Iterable[pyarrow.RecordBatch], pairs_of: PairsOf, groups: int
) -> Iterator[pyarrow.RecordBatch]:
    """Map: encoded rows to rows `COUNTED`, ``groups`` for each side; group 2g is left, 2g + 1 is right.

    Args:
        pairs_of: gives the keys of all left and of all right neighbours in padded symbols.
    """
    tallies = _Tally(), _Tally()
    for symbols, _ in texts_of(batches):
        for tally, keys in zip(tallies, pairs_of(symbols)):
            tally.add(keys)

    def rows():
        for side, tally in enumerate(tallies):
            tally.close()
            group = (tally.keys >> np.uint64(16)) % np.uint64(groups)
            order = np.argsort(group, kind="stable")
            bounds = np.searchsorted(group[order], np.arange(groups + 1))
            for g in range(groups):
                chosen = order[bounds[g] : bounds[g + 1]]
                if chosen.size:
                    keys = tally.keys[chosen]
                    narrow = np.uint32 if int(keys[-1]) < 1 << 32 else np.uint64
                    yield 2 * g + side, keys.astype(narrow), tally.counts[chosen].astype(np.uint32)

    yield from batches_of(COUNTED, rows())


def sum_neighbours(batches: Iterable[pyarrow.RecordBatch], min_count: int) -> Iterator[pyarrow.RecordBatch]:
    """Reduce: rows `COUNTED`, sorted by group, to rows `FOUND`."""

    def rows():
        for group, same in groups_of(batches, "group"):
            all_keys, all_counts = [], []
            for row in same:
                counts = array_of(row["counts"], np.uint32)
                kind = np.uint32 if len(row["keys"]) == 4 * counts.size else np.uint64
                all_keys.append(array_of(row["keys"], kind).astype(np.uint64))
                all_counts.append(counts.astype(np.int64))
            keys, counts = merged(np.concatenate(all_keys), np.concatenate(all_counts))
            owner = (keys >> np.uint64(16)).astype(np.int64)
            bounds = np.append(np.flatnonzero(np.append(True, owner[1:] != owner[:-1])), owner.size)
            entropies = grouped_entropies(bounds, counts)
            neighbour = keys & np.uint64(0xFFFF)
            kept = (counts >= min_count) & (neighbour >= FIRST_SYMBOL)
            kept &= group % 2 == RIGHT
            yield group % 2, owner[bounds[:-1]], entropies, keys[kept], counts[kept]

    yield from batches_of(FOUND, rows())
