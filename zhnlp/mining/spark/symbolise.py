"""Map: documents to counts of symbols; then, when the alphabet is known, to 16-bit symbols.

The first reading counts symbols by their texts, since no two partitions number them alike.  The second gives the
encoded documents, which stay on the cluster for all that follows, and the report of what was read.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from heapq import nsmallest
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from zhnlp.mining.alphabet import FIRST_SYMBOL, MAX_SYMBOLS, SEPARATOR, UNKNOWN, Alphabet
from zhnlp.mining.encode import PADDING, Symbols
from zhnlp.mining.encoder import Encoder
from zhnlp.mining.spark.arrow import array_of, batches_of, groups_of, rows_of
from zhnlp.mining.spark.pieces import Reading, blocks, pieces, report_of

if TYPE_CHECKING:
    import pyarrow

TALLY = {"group": "int", "text": "string", "count": "bigint"}  # a null text stands for the unknown symbol
COMMONEST = {"text": "string", "count": "bigint", "distinct": "bigint", "total": "bigint"}
ENCODED = {
    **{"part": "int", "path": "string", "start": "bigint"},  # the piece
    "span": "bigint",  # number of the first document in its piece, blank ones counted
    "spans": "bigint",  # how many
    "filled": "bigint",  # how many are not blank
    "size": "bigint",  # how many symbols
    "symbols": "binary",  # uint16, without padding
    "starts": "binary",  # int64, where each document begins
    "report": "string",  # of the piece, in its last row
}
_MOST_TABLES = 256 << 20  # bytes of an encoder, before it begins anew


def tally_symbols(
    batches: Iterable[pyarrow.RecordBatch],
    reading: Reading,
    runs: str,
    groups: int,
    most_tables: int = _MOST_TABLES,
) -> Iterator[pyarrow.RecordBatch]:
    """Map: rows `TALLY`, each symbol of a partition and its count; a symbol can have several rows."""

    def rows():
        encoder = Encoder(runs)
        for piece in pieces(batches, reading):
            for block in blocks(piece):
                encoder.add(block.text, block.ends)
                if encoder.nbytes > most_tables:
                    yield from _tally(encoder, groups)
                    encoder = Encoder(runs)
        yield from _tally(encoder, groups)

    yield from batches_of(TALLY, rows())


def _tally(encoder: Encoder, groups: int) -> Iterator[tuple]:
    counts = encoder.counts.tolist()
    if counts[UNKNOWN]:
        yield 0, None, counts[UNKNOWN]
    for text, count in zip(encoder.texts()[FIRST_SYMBOL:], counts[FIRST_SYMBOL:]):
        yield crc32(text.encode()) % groups, text, count


def commonest_symbols(
    batches: Iterable[pyarrow.RecordBatch], most: int = MAX_SYMBOLS - FIRST_SYMBOL
) -> Iterator[pyarrow.RecordBatch]:
    """Reduce: rows `TALLY`, sorted by group, to rows `COMMONEST`: of each group the ``most`` commonest symbols, and in
    a row without text how many there are and how often all occur; in one without text and total, the unknown symbol.
    """

    def rows():
        for _, same in groups_of(batches, "group"):
            counts: Counter = Counter()
            for row in same:
                counts[row["text"]] += row["count"]
            unknown = counts.pop(None, 0)
            if unknown:
                yield None, unknown, 0, 0
            yield None, 0, len(counts), counts.total()
            for text, count in nsmallest(most, counts.items(), key=lambda item: (-item[1], item[0])):
                yield text, count, 0, 0

    yield from batches_of(COMMONEST, rows())


def make_alphabet(rows: Iterable[dict], runs: str) -> Alphabet:
    """The alphabet from rows `COMMONEST`, as `Encoder.alphabet` makes it from all symbols."""
    room = MAX_SYMBOLS - FIRST_SYMBOL
    unknown = distinct = total = 0
    symbols = []
    for row in rows:
        if row["text"] is not None:
            symbols.append((row["text"], row["count"]))
        unknown += row["count"] if row["text"] is None else 0
        distinct += row["distinct"]
        total += row["total"]
    symbols = nsmallest(room, symbols, key=lambda item: (-item[1], item[0]))
    counts = np.array([0, unknown, *(count for _, count in symbols)], np.int64)
    counts[UNKNOWN] += total - counts[FIRST_SYMBOL:].sum()
    texts = [" ", "�", *(text for text, _ in symbols)]
    return Alphabet(texts, counts, runs, dropped=distinct - len(symbols))


def encode_documents(
    batches: Iterable[pyarrow.RecordBatch], reading: Reading, texts: list[str], runs: str, part: int
) -> Iterator[pyarrow.RecordBatch]:
    """Rows `ENCODED`: the documents of a partition as symbols, some million in a row.

    Args:
        texts: of the alphabet.
        part: number of the source.
    """

    index = {text: symbol for symbol, text in enumerate(texts) if symbol >= FIRST_SYMBOL}

    def rows():
        encoder, renumber = Encoder(runs), np.array([SEPARATOR, UNKNOWN], np.uint16)
        for piece in pieces(batches, reading):
            place = part, piece.path, piece.start
            span = 0
            for block in blocks(piece):
                identities, starts = encoder.add(block.text, block.ends)
                new = np.arange(renumber.size, encoder.counts.size)
                if new.size:
                    symbols = [index.get(text, UNKNOWN) for text in encoder.texts(new)]
                    renumber = np.concatenate([renumber, np.array(symbols, np.uint16)])
                filled = int(block.filled().sum())
                yield *place, span, starts.size, filled, identities.size, renumber[identities], starts, None
                span += starts.size
                if encoder.nbytes > _MOST_TABLES:
                    encoder, renumber = Encoder(runs), renumber[:FIRST_SYMBOL]
            report = json.dumps(report_of(piece), ensure_ascii=False)
            yield *place, span, 0, 0, 0, b"", b"", report

    yield from batches_of(ENCODED, rows())


def texts_of(
    batches: Iterable[pyarrow.RecordBatch], most: int = 1 << 23
) -> Iterator[tuple[np.ndarray, list[dict]]]:
    """Padded symbols of encoded rows, about ``most`` at a time, and the rows they come from."""
    waiting: list[dict] = []
    size = 0
    for row in rows_of(batches):
        if row["spans"]:
            waiting.append(row)
            size += len(row["symbols"]) // 2
        if size >= most:
            yield joined(waiting), waiting
            waiting, size = [], 0
    if waiting:
        yield joined(waiting), waiting


def joined(rows: list[dict]) -> np.ndarray:
    """The symbols of encoded rows one behind the other, padded."""
    padding = np.zeros(PADDING, np.uint16)
    return np.concatenate([padding, *(array_of(row["symbols"], np.uint16) for row in rows), padding])


def symbols_of(rows: list[dict], alphabet: Alphabet | None) -> Symbols:
    """Encoded rows as the symbols of one small corpus; documents are numbered in the order of ``rows``."""
    sizes = np.array([0, *(len(row["symbols"]) // 2 for row in rows)])
    begins = np.cumsum(sizes)[:-1]
    starts = [array_of(row["starts"], np.int64) + begin for row, begin in zip(rows, begins)]
    return Symbols(joined(rows), np.concatenate([np.zeros(0, np.int64), *starts]), alphabet)
