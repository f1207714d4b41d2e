"""Readers: one file a format; ``read_documents`` and ``read_chunks`` open an input and choose among them."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from zhnlp.text.readers.decoding import DecodedFile
from zhnlp.text.readers.delimited import delimited_documents
from zhnlp.text.readers.fields import TextField
from zhnlp.text.readers.jsonl import jsonl_documents
from zhnlp.text.readers.lines import line_chunks, paragraphs, split_long
from zhnlp.text.readers.parquet import parquet_documents
from zhnlp.text.readers.streams import COMPRESSION_SUFFIXES, CountingStream
from zhnlp.text.report import CorpusReport

FORMATS = {
    ".txt": "txt",
    ".text": "txt",
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
}


@dataclass(frozen=True)
class ReadOptions:
    """How inputs are read; see ``Corpus.from_paths``."""

    text_field: str | Sequence[str] | None = None
    encoding: str = "utf-8"
    unit: str = "line"
    max_line: int = 1_000_000


@dataclass(frozen=True)
class Input:
    """One file, or an open stream under a name."""

    name: str
    source: Path | BinaryIO
    size: int | None = None

    @property
    def packed(self) -> bool:
        """Whether the text is longer than the file may tell."""
        return self.name.lower().endswith((*COMPRESSION_SUFFIXES, ".parquet"))

    @property
    def format(self) -> str:
        """ "txt", "csv", "tsv", "jsonl" or "parquet", by the suffix; txt where it says nothing."""
        return file_format(self.name) or "txt"


def file_format(name: str) -> str | None:
    """The format that a file's name announces, a compression suffix put aside, or None.

    Example:
        >>> file_format("a.jsonl.xz"), file_format("B.TXT"), file_format("c.png")
        ('jsonl', 'txt', None)
    """
    name = name.lower()
    for suffix in COMPRESSION_SUFFIXES:
        name = name.removesuffix(suffix)
    return FORMATS.get(Path(name).suffix)


def read_chunks(
    item: Input, options: ReadOptions, report: CorpusReport, on_read: Callable[[int], None]
) -> Iterator[str]:
    """A plain text as chunks of whole lines, each chunk joined by line ends; the fast route."""
    with _opened(item, report, on_read) as stream:
        if stream is not None:
            yield from line_chunks(
                DecodedFile(stream, item.name, options.encoding, report), options.max_line, report
            )


def read_documents(
    item: Input, options: ReadOptions, report: CorpusReport, on_read: Callable[[int], None]
) -> Iterator[str]:
    """The documents of one input, blank ones included."""
    if item.format == "txt" and options.unit == "line":
        for chunk in read_chunks(item, options, report, on_read):
            yield from chunk.split("\n")
        return
    if item.format == "parquet":
        report.files += 1
        field = TextField(options.text_field, item.name)
        documents = parquet_documents(item.source, item.name, item.size or 0, field, report, on_read)
        yield from _cut_documents(documents, item, options, report)
        return
    with _opened(item, report, on_read) as stream:
        if stream is None:
            return
        file = DecodedFile(stream, item.name, options.encoding, report)
        field = TextField(options.text_field, item.name)
        if item.format == "jsonl":
            documents = jsonl_documents(file, field, options.max_line, report)
        elif item.format in ("csv", "tsv"):
            documents = delimited_documents(
                file, field, "," if item.format == "csv" else "\t", options.max_line, report
            )
        elif options.unit == "paragraph":
            yield from paragraphs(file, options.max_line, report)
            return
        else:
            pieces = list(file)
            if pieces:
                yield "".join(pieces).removesuffix("\n")
            return
        yield from _cut_documents(documents, item, options, report)


def _cut_documents(
    documents: Iterator[str], item: Input, options: ReadOptions, report: CorpusReport
) -> Iterator[str]:
    for document in documents:
        if len(document) <= options.max_line:
            yield document
        else:
            report.split(item.name, 0, options.max_line)
            yield from split_long(document, options.max_line)


@contextlib.contextmanager
def _opened(
    item: Input, report: CorpusReport, on_read: Callable[[int], None]
) -> Iterator[CountingStream | None]:
    """The input's bytes; None, counted, if it cannot be opened. Only files that were opened here are closed."""
    report.files += 1
    if not isinstance(item.source, Path):
        yield CountingStream(item.source, on_read)
        return
    try:
        raw = item.source.open("rb", buffering=0)
    except OSError as error:
        report.skip("file cannot be opened", item.name, detail=error.strerror or str(error))
        yield None
        return
    with raw:
        yield CountingStream(raw, on_read)
