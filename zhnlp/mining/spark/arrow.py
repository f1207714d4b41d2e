"""Rows in and out of Arrow record batches; arrays travel as binary values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow

_BATCH_BYTES = 32 << 20
_BATCH_ROWS = 4096


def batches_of(schema: dict[str, str], rows: Iterable[tuple]) -> Iterator[pyarrow.RecordBatch]:
    """Record batches of some 32 MB from rows; arrays among the values become binary.

    Args:
        schema: column → "binary", "string", "int" or "bigint".
        rows: a value for each column.
    """
    import pyarrow

    kinds = {
        "binary": pyarrow.binary(),
        "string": pyarrow.string(),
        "int": pyarrow.int32(),
        "bigint": pyarrow.int64(),
    }
    fields = pyarrow.schema([(name, kinds[kind]) for name, kind in schema.items()])
    waiting: list[list] = [[] for _ in schema]
    size = 0

    def flush():
        arrays = [pyarrow.array(column, field.type) for column, field in zip(waiting, fields)]
        return pyarrow.RecordBatch.from_arrays(arrays, schema=fields)

    for row in rows:
        for column, value in zip(waiting, row, strict=True):
            value = value.tobytes() if isinstance(value, np.ndarray) else value
            size += len(value) if isinstance(value, (bytes, str)) else 8
            column.append(value)
        if size >= _BATCH_BYTES or len(waiting[0]) >= _BATCH_ROWS:
            yield flush()
            waiting, size = [[] for _ in schema], 0
    if waiting[0]:
        yield flush()


def rows_of(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[dict[str, Any]]:
    """The rows of record batches; binary values are given as buffers, without a copy."""
    import pyarrow

    for batch in batches:
        columns = {}
        for name, column in zip(batch.schema.names, batch.columns):
            is_binary = pyarrow.types.is_binary(column.type) or pyarrow.types.is_large_binary(column.type)
            columns[name] = [value.as_buffer() for value in column] if is_binary else column.to_pylist()
        for i in range(batch.num_rows):
            yield {name: column[i] for name, column in columns.items()}


def groups_of(
    batches: Iterable[pyarrow.RecordBatch], key: str
) -> Iterator[tuple[int, Iterator[dict[str, Any]]]]:
    """(key, its rows) of batches that are sorted by ``key``, a row at a time."""
    return groupby(rows_of(batches), lambda row: row[key])


def array_of(buffer: Any, kind: Any) -> np.ndarray:
    """A binary value as an array."""
    return np.frombuffer(buffer, kind)
