"""Rows of a file, or of a part of a file, back to documents: the local readers do it, so that nothing differs."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from zhnlp.text import Corpus, CorpusWarning
from zhnlp.text.readers import Input, ReadOptions
from zhnlp.text.readers.fields import TextField
from zhnlp.text.readers.lines import split_long

if TYPE_CHECKING:
    import pyarrow

PATH, START, VALUE = "_path", "_start", "_value"  # columns of rows that are read
BLOCK = 1_000_000  # characters encoded at a time


class Reading(NamedTuple):
    """How rows become documents."""

    options: ReadOptions
    columns: tuple[str, ...] | None  # of the text, in rows of a table; None where a row is a line of a file
    strict: bool = False
    suffix: str = ""  # put behind the name of a file that does not tell its format


class Piece(NamedTuple):
    """The documents of a stretch of a file; ``corpus.blocks`` reads them once."""

    path: str
    start: int  # byte at which it begins
    corpus: Corpus
    faults: list[tuple[str, int]]  # (reason, row) of rows of a table that hold no text


def pieces(batches: Iterable[pyarrow.RecordBatch], reading: Reading) -> Iterator[Piece]:
    """The pieces of one partition, which must be read one after the other.

    Args:
        batches: columns `PATH`, `START`, and `VALUE` (the bytes of a line) or the columns of a table.
    """
    for (path, start), runs in groupby(_runs(batches), lambda run: run[:2]):
        rows = (batch for _, _, batch in runs)
        faults: list[tuple[str, int]] = []
        if reading.columns is None:
            item = Input(path + reading.suffix, _Lines(rows))
            corpus = Corpus(inputs=[item], texts=None, options=reading.options, strict=reading.strict)
        else:
            corpus = Corpus.from_texts(_documents(rows, reading, path, faults), strict=reading.strict)
        yield Piece(path, start, corpus, faults)


def blocks(piece: Piece, size: int = BLOCK) -> Iterator[Any]:
    """The blocks of a piece; warnings are left to the driver, which sees the report."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CorpusWarning)
        yield from piece.corpus.blocks(size)


def report_of(piece: Piece) -> dict[str, Any]:
    """What was read of a piece that has been read."""
    report = piece.corpus.report
    for reason, row in piece.faults:
        report.skip(reason, piece.path, row)
    return {**report.as_dict(), "files": int(piece.start == 0 and bool(piece.path))}


def _runs(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[tuple[str, int, pyarrow.RecordBatch]]:
    """(path, start, rows) of each run of rows from the same place."""
    for batch in batches:
        if batch.num_rows == 0:
            continue
        paths, starts = batch.column(PATH), batch.column(START).to_numpy(zero_copy_only=False)
        codes = paths.dictionary_encode().indices.to_numpy(zero_copy_only=False)
        cuts = np.flatnonzero((np.diff(codes) != 0) | (np.diff(starts) != 0)) + 1
        ends = [*cuts.tolist(), batch.num_rows]
        for begin, end in zip([0, *ends], ends):
            yield paths[begin].as_py(), int(starts[begin]), batch.slice(begin, end - begin)


class _Lines(io.RawIOBase):
    """The lines of a file as the bytes that they were."""

    def __init__(self, batches: Iterator[pyarrow.RecordBatch]):
        self._batches = batches

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """The next batch, whatever ``size``; b"" at the end."""
        batch = next(self._batches, None)
        if batch is None:
            return b""
        return b"\n".join(batch.column(VALUE).to_pylist()) + b"\n"


def _documents(
    batches: Iterator[pyarrow.RecordBatch], reading: Reading, name: str, faults: list[tuple[str, int]]
) -> Iterator[str]:
    field = TextField(reading.options.text_field, name)
    field.settle(reading.columns, complete=True)
    longest = reading.options.max_line
    row = 0
    for batch in batches:
        for value in batch.select(list(reading.columns)).to_pylist():
            row += 1
            try:
                text = field.pick(value)
            except LookupError as error:
                faults.append((str(error.args[0]), row))
                continue
            yield from split_long(text, longest) if len(text) > longest else (text,)
