"""Parquet, batch by batch, reading only the columns that make up the text."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from zhnlp.text.readers.fields import TextField
from zhnlp.text.report import CorpusError, CorpusReport

BATCH_ROWS = 1_024


def parquet_documents(
    source: Path | BinaryIO,
    path: str,
    size: int,
    field: TextField,
    report: CorpusReport,
    on_read: Callable[[int], None],
) -> Iterator[str]:
    """The text of each row; rows without it are counted. ``on_read`` gets each batch's share of ``size`` bytes.

    Raises:
        CorpusError: the schema leaves open which column is the text, or lacks the one asked for.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    damage = (pa.ArrowException, OSError, ValueError)
    try:
        file = pq.ParquetFile(source)
    except damage as error:
        report.skip("damaged or cut file", path, detail=str(error).splitlines()[0])
        return
    with file:
        columns = file.schema_arrow.names
        try:
            field.settle(columns, complete=True)
        except CorpusError as error:
            if report.documents == 0 or report.strict:
                raise
            report.skip("no text field", path, 0, str(error))
            return
        wanted = sorted({name if name in columns else name.split(".")[0] for name in field.names})
        total, row, told = file.metadata.num_rows, 0, 0
        if total == 0:
            report.skip("empty file", path)
        batches = file.iter_batches(batch_size=BATCH_ROWS, columns=wanted)
        while True:
            try:
                batch = next(batches, None)
            except damage as error:
                report.skip("damaged or cut file", path, row + 1, str(error).splitlines()[0])
                break
            if batch is None:
                break
            for value in batch.to_pylist():
                row += 1
                try:
                    yield field.pick(value)
                except LookupError as error:
                    report.skip(str(error.args[0]), path, row)
            share = size * row // max(1, total)
            on_read(share - told)
            told = share
        field.finish()
    on_read(size - told)
