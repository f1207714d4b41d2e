"""Reduce: the records of a bucket, laid out as a small text, go through the unchanged kernel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from zhnlp.mining.count import grow_parts
from zhnlp.mining.encode import PADDING
from zhnlp.mining.jit import compiled
from zhnlp.mining.kernel import Nodes
from zhnlp.mining.out_of_core.buckets import Costs
from zhnlp.mining.spark.arrow import array_of, batches_of, groups_of
from zhnlp.mining.spark.plan import Bucket

if TYPE_CHECKING:
    import pyarrow

PARTS = {
    "head": "int",
    "first": "int",  # symbol; of a part of several first symbols, the first
    "firsts": "binary",  # int64
    "n_bigrams": "bigint",
    "n_deeper": "bigint",
    "split": "bigint",
    "roots": "binary",  # columns of Nodes for ``firsts``, one behind the other
    "bigrams": "binary",  # the same of the nodes one symbol longer
    "deeper": "binary",  # and of all longer ones
}


class Growing(NamedTuple):
    """What the reducer needs to know."""

    buckets: list[Bucket]
    slot_symbols: np.ndarray  # (slots,) uint16
    size: int  # of the alphabet
    max_length: int
    min_count: int


@compiled
def _lay_out(symbols, sizes, left, lengths, tails, place, stride, out):
    """Write records behind those of the same symbol; the rest of each stays separators."""
    r = 0
    at = 0
    for s in range(symbols.size):
        symbol = symbols[s]
        for _ in range(sizes[s]):
            o = place[symbol] * stride
            place[symbol] += 1
            out[o] = left[r]
            out[o + 1] = symbol
            for q in range(lengths[r]):
                out[o + 2 + q] = tails[at + q]
            at += lengths[r]
            r += 1


def grow_records(batches: Iterable[pyarrow.RecordBatch], growing: Growing) -> Iterator[pyarrow.RecordBatch]:
    """Reduce: rows `RECORDS`, sorted by bucket, to rows `PARTS`."""

    def rows():
        for number, same in groups_of(batches, "bucket"):
            bucket = growing.buckets[number]
            for part in _grow(bucket, growing.slot_symbols[bucket.first : bucket.stop], list(same), growing):
                yield bucket.head, *part

    yield from batches_of(PARTS, rows())


def _grow(bucket: Bucket, symbols: np.ndarray, sent: list[dict], growing: Growing) -> Iterator[tuple]:
    max_length = growing.max_length - bucket.depth
    stride = Costs(max_length, growing.min_count, 1).stride
    counts = np.zeros(growing.size, np.int64)
    blocks = []
    for row in sent:
        firsts = symbols[array_of(row["slots"], np.uint32)]
        sizes = array_of(row["sizes"], np.uint32)
        counts[firsts] += sizes
        columns = array_of(row["left"], np.uint16), array_of(row["lengths"], np.uint8)
        blocks.append((firsts, sizes, *columns, array_of(row["tails"], np.uint16)))
    sent.clear()
    bounds = np.append(0, np.cumsum(counts))
    records = np.zeros(int(bounds[-1]) * stride + 2 * PADDING, np.uint16)
    place = bounds[:-1].copy()
    while blocks:
        _lay_out(*blocks.pop(), place, stride, records)
    positions = np.arange(1, 1 + int(bounds[-1]) * stride, stride, np.uint32)
    roots = Nodes(*(np.zeros(growing.size, column.dtype) for column in Nodes.empty(0)))
    limits = max_length, growing.min_count
    for firsts, bigrams, deeper, split in grow_parts(
        records, positions, bounds, *limits, roots, 1, singly=bucket.depth > 0
    ):
        own = Nodes(*(column[firsts] for column in roots))
        sizes = bigrams.symbol.size, deeper.symbol.size
        yield int(firsts[0]), firsts, *sizes, split, *map(packed, (own, bigrams, deeper))


def packed(nodes: Nodes) -> bytes:
    """Columns one behind the other."""
    return b"".join(column.tobytes() for column in nodes)


def unpacked(buffer: bytes, size: int) -> Nodes:
    """The columns of ``size`` nodes."""
    columns, at = [], 0
    for empty in Nodes.empty(0):
        columns.append(np.frombuffer(buffer, empty.dtype, size, at))
        at += size * empty.itemsize
    return Nodes(*columns)
