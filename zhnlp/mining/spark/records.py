"""Map: every occurrence that can still grow becomes a context record in its bucket.

A record is the left neighbour, the slot's symbol, and what follows, up to and with the first symbol behind an
infrequent pair: nothing beyond it can be part of a frequent n-gram, but it is itself a neighbour.  So a record has some
six symbols, not ten.  Occurrences of single symbols are sent only where a frequent pair follows, for the neighbours of
single symbols are known from the pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from zhnlp.mining.alphabet import FIRST_SYMBOL
from zhnlp.mining.encode import PADDING
from zhnlp.mining.jit import compiled
from zhnlp.mining.spark.arrow import batches_of
from zhnlp.mining.spark.plan import Bucket, Edges, find_slot
from zhnlp.mining.spark.symbolise import texts_of

if TYPE_CHECKING:
    import pyarrow

RECORDS = {
    "bucket": "int",
    "slots": "binary",  # uint32, slots of the bucket that have records here, rising
    "sizes": "binary",  # uint32, how many records of each
    "left": "binary",  # uint16, left neighbour of each record
    "lengths": "binary",  # uint8, symbols behind the slot's
    "tails": "binary",  # uint16, these symbols one record behind the other
}
DENSE = 2048  # symbols whose pairs have a table of their own
CHUNK = 1 << 23  # symbols that are sorted into buckets together


class Frequent(NamedTuple):
    """The frequent pairs: a table of bits for the commonest symbols, rows of second symbols for all."""

    table: np.ndarray  # (DENSE, DENSE / 8) uint8
    row: np.ndarray  # (K + 1,) int64
    seconds: np.ndarray  # (P,) uint16, rising in each row

    @classmethod
    def of(cls, row: np.ndarray, seconds: np.ndarray) -> Frequent:
        """From the rows of second symbols."""
        table = np.zeros((DENSE, DENSE), np.bool_)
        for first in range(min(DENSE, row.size - 1)):
            own = seconds[row[first] : row[first + 1]]
            table[first, own[own < DENSE]] = True
        return cls(np.packbits(table, axis=1, bitorder="little"), row, seconds)


class Routes(NamedTuple):
    """All that the map needs to know."""

    edges: Edges
    frequent: Frequent
    buckets: list[Bucket]
    max_length: int


@compiled
def _is_frequent(a, b, frequent):
    if a < DENSE and b < DENSE:
        return (frequent.table[a, b >> 3] >> (b & 7)) & 1 == 1
    low, stop = frequent.row[a], frequent.row[np.int64(a) + 1]
    high = stop
    while low < high:
        middle = (low + high) >> 1
        if frequent.seconds[middle] < b:
            low = middle + 1
        else:
            high = middle
    return low < stop and frequent.seconds[low] == b


@compiled
def _assign(symbols, begin, end, edges, frequent, slots, depths, follows, counts):
    """The slot of each position, -1 for none; whether a frequent pair begins there; and how many go to each slot."""
    for i in range(begin, end):
        a = symbols[i]
        follows[i] = a >= FIRST_SYMBOL and _is_frequent(a, symbols[i + 1], frequent)
        slots[i] = -1
        if follows[i]:  # a longer n-gram cannot be frequent else
            slot, depth = find_slot(symbols, i, edges)
            if slot >= 0:
                slots[i] = slot
                depths[i] = depth
                counts[slot] += 1


@compiled
def _scatter(begin, end, slots, place, order):
    for i in range(begin, end):
        slot = slots[i]
        if slot >= 0:
            order[place[slot]] = i
            place[slot] += 1


@compiled
def _write(symbols, positions, depths, follows, max_length, left, lengths, tails):
    """Fill the records of ``positions`` and return how many symbols of ``tails`` they take."""
    written = 0
    for r in range(positions.size):
        i = np.int64(positions[r])
        left[r] = symbols[i - 1]
        last = i + max_length  # the neighbour behind the longest n-gram
        j = i + depths[i]
        begin = j
        while j < last:
            j += 1
            tails[written] = symbols[j]
            written += 1
            if not follows[j - 1]:
                break
        lengths[r] = j - begin
    return written


def send_records(
    batches: Iterable[pyarrow.RecordBatch], routes: Routes, slots: int, chunk: int = CHUNK
) -> Iterator[pyarrow.RecordBatch]:
    """Map: encoded rows to rows `RECORDS`."""

    def rows():
        for symbols, _ in texts_of(batches, chunk):
            yield from _rows(symbols, routes, slots)

    yield from batches_of(RECORDS, rows())


def _rows(symbols: np.ndarray, routes: Routes, slots: int) -> Iterator[tuple]:
    begin, end = PADDING, symbols.size - PADDING
    slot_of, depths = np.empty(symbols.size, np.int32), np.zeros(symbols.size, np.uint8)
    follows, counts = np.zeros(symbols.size, np.bool_), np.zeros(slots, np.int64)
    _assign(symbols, begin, end, routes.edges, routes.frequent, slot_of, depths, follows, counts)
    bounds = np.append(0, np.cumsum(counts))
    order = np.empty(int(bounds[-1]), np.uint32)
    _scatter(begin, end, slot_of, bounds[:-1].copy(), order)
    for number, bucket in enumerate(routes.buckets):
        positions = order[bounds[bucket.first] : bounds[bucket.stop]]
        if positions.size == 0:
            continue
        sizes = counts[bucket.first : bucket.stop]
        used = np.flatnonzero(sizes)
        left, lengths = np.empty(positions.size, np.uint16), np.empty(positions.size, np.uint8)
        tails = np.empty(positions.size * (routes.max_length - bucket.depth), np.uint16)
        written = _write(symbols, positions, depths, follows, routes.max_length, left, lengths, tails)
        yield (
            *(number, used.astype(np.uint32), sizes[used].astype(np.uint32)),
            *(left, lengths, tails[:written]),
        )
