"""Rows of several texts, and of texts with a label, out of .tsv, .csv, .jsonl and .parquet; broken ones are counted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zhnlp.text.readers import Input
    from zhnlp.text.report import CorpusReport

ALIASES = {  # field of a template -> names that columns of public sets have for it
    "text": ("text", "content", "sentence"),
    "text_a": ("text_a", "sentence1"),
    "text_b": ("text_b", "sentence2"),
    "article": ("article", "text", "content", "body", "abstract", "abst", "正文"),
    "title": ("title", "headline", "summary", "标题"),
    "question": ("question", "query", "问题", "问", "标准问"),
    "answer": ("answer", "reply", "回答", "答案", "答"),
}
MAX_LINE = 1_000_000  # characters, as in `zhnlp.Corpus`
_QUOTED = re.compile(r'"(?:[^"]|"")*"')


@dataclass
class Columns:
    """Which columns of a file are wanted, in the order of a file without a header.

    Args:
        fields: of the template, such as ("text",) or ("text_a", "text_b").
        names: what the user calls them, in the same order; empty for the usual names (`ALIASES`).
        label: name of the column of labels; None for rows without.
        hint: how the user names them, for messages.
    """

    fields: Sequence[str]
    names: Sequence[str] = ()
    label: str | None = "label"
    hint: str = "--text-field and --label-field name them"
    order: list[str] = field(init=False)

    def __post_init__(self):
        if self.names and len(self.names) != len(self.fields):
            raise ValueError(
                f"--text-field names {len(self.names)} columns ({', '.join(self.names)}), the template has the fields "
                f"{', '.join(self.fields)}: expected as many, in this order"
            )
        self.order = [*self.fields, *([] if self.label is None else ["label"])]

    def candidates(self, key: str) -> Sequence[str]:
        """The names under which a field or the label may stand."""
        if key == "label":
            return (self.label,)
        return (self.names[self.fields.index(key)],) if self.names else ALIASES.get(key, (key,))

    def find(self, header: Iterable[str]) -> dict[str, str] | None:
        """Field → name in ``header``; None where one is missing."""
        header = set(header)
        found = {key: next((n for n in self.candidates(key) if n in header), None) for key in self.order}
        return None if None in found.values() else found

    def expected(self) -> str:
        """The names that would do, for messages."""
        return ", ".join(" or ".join(self.candidates(key)) for key in self.order)


def read_rows(
    paths: Any,
    columns: Columns,
    report: CorpusReport,
    *,
    labels: Sequence[str] | None = None,
    encoding: str = "utf-8",
) -> Iterator[dict[str, str]]:
    """The rows of files as ``{field: text, …, "label": text}``, in order; what is broken is counted in ``report``.

    A .tsv or .txt has tabs between columns and no quoted line ends; a .csv is read as RFC 4180 says; a .jsonl holds an
    object a line.  A first line with the names of all wanted columns is a header; without one the columns are the fields of the
    template, then the label.  Labels that are numbers become text; ``labels`` are those allowed, None for any.

    Raises:
        FileNotFoundError: nothing by that name.
        CorpusError: a header or the keys of a JSON line lack a wanted column.
    """
    from zhnlp.text.paths import expand

    inputs, passed_over = expand(paths)
    report.skipped.update(passed_over)
    for item in inputs:
        for number, record in _records(item, report, encoding, columns):
            row = _row(record, columns)
            if isinstance(row, str):
                report.skip(row, item.name, number)
            elif labels is not None and row.get("label", labels[0]) not in labels:
                report.skip("label is not among the known ones", item.name, number, repr(row["label"]))
            else:
                report.documents += 1
                report.characters += sum(len(row[name]) for name in columns.fields)
                yield row


def read_labelled(
    paths: Any,
    columns: Columns,
    report: CorpusReport,
    *,
    labels: Sequence[str] | None = None,
    encoding: str = "utf-8",
) -> tuple[list[Any], list[str]]:
    """Examples (str, or dicts for templates of two fields) and their labels; arguments as in `read_rows`.

    Raises:
        ValueError: no row is left; the message says what was wrong with the first.
    """
    examples, targets = [], []
    for row in read_rows(paths, columns, report, labels=labels, encoding=encoding):
        label = row.pop("label")
        examples.append(row if len(columns.fields) > 1 else row[columns.fields[0]])
        targets.append(label)
    if not examples:
        reasons = (
            ", ".join(f"{n:,} x {reason}" for reason, n in report.skipped.most_common(3)) or "it is empty"
        )
        first = f"; first: line {report.examples[0][1]}, {report.examples[0][2]}" if report.examples else ""
        known = "" if labels is None else f" with labels {', '.join(map(str, labels[:8]))}"
        raise ValueError(
            f"{paths} gave no labelled text ({reasons}{first}): expected columns {columns.expected()}{known}, tabs between them in "
            f".tsv. Next: head -2 {paths}"
        )
    return examples, targets


def _row(record: Mapping[str, Any], columns: Columns) -> dict[str, str] | str:
    """The wanted columns as texts, or why there are none."""
    row = {}
    for key in columns.order:
        value = record.get(key)
        if key == "label" and isinstance(value, (int, float)):
            value = str(value)
        if not isinstance(value, str):
            return f"no {key}" if value is None else f"{key} is {type(value).__name__}, not text"
        if key == "label":
            value = value.strip()
        if not value or value.isspace():
            return f"blank {key}"
        row[key] = value
    return row


def _records(
    item: Input, report: CorpusReport, encoding: str, columns: Columns
) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, field → value) of each row."""
    from zhnlp.text.readers.decoding import DecodedFile
    from zhnlp.text.readers.streams import CountingStream

    report.files += 1
    if item.format == "parquet":
        yield from _parquet(item, columns)
        return
    with item.source.open("rb", buffering=0) if isinstance(item.source, Path) else item.source as raw:
        file = DecodedFile(CountingStream(raw), item.name, encoding, report)
        if item.format == "jsonl":
            yield from _json_lines(file, item, report, columns)
        else:
            yield from _delimited(file, item, report, columns)


def _delimited(file, item: Input, report: CorpusReport, columns: Columns) -> Iterator[tuple[int, dict]]:
    from zhnlp.text.readers.delimited import rows
    from zhnlp.text.readers.lines import physical_lines

    if item.format == "csv":
        lines = rows(file, ",", MAX_LINE, report)
    else:
        plain = physical_lines(file, MAX_LINE, report)
        lines = ((number, _cells(line)) for number, line in plain if line and not line.isspace())
    header: list[str] | None = None
    first = True
    for number, cells in lines:
        if first:
            first = False
            header = _header(cells, item, columns)
            if header is not None:
                continue
        names = columns.order if header is None else header
        if len(cells) != len(names):
            report.skip(
                f"row has {len(cells)} columns, expected {len(names)}",
                item.name,
                number,
                "\t".join(cells)[:60],
            )
            continue
        yield number, dict(zip(names, cells))


def _header(cells: Sequence[str], item: Input, columns: Columns) -> list[str] | None:
    """The first line as fields of the template, or None where it is no header."""
    names = [cell.strip() for cell in cells]
    found = columns.find(names)
    if found is None:
        named = [name for key in columns.order for name in columns.candidates(key) if name in names]
        if named or (columns.names and len(names) != len(columns.order)):
            _lacks(item, names, columns)
        return None
    back = {name: key for key, name in found.items()}
    return [back.get(name, f"({name})") for name in names]


def _lacks(item: Input, names: Sequence[str], columns: Columns) -> None:
    from zhnlp.text.report import CorpusError

    raise CorpusError(
        f"{item.name} has the columns {', '.join(map(repr, list(names)[:12]))}: expected {columns.expected()}. "
        f"Next: {columns.hint}"
    )


def _cells(line: str) -> list[str]:
    """The cells of a line of tabs; a cell is unquoted only where the quotes are those of a table."""
    return [
        cell[1:-1].replace('""', '"') if _QUOTED.fullmatch(cell) and '"' in cell[1:-1] else cell
        for cell in line.split("\t")
    ]


def _json_lines(file, item: Input, report: CorpusReport, columns: Columns) -> Iterator[tuple[int, dict]]:
    from zhnlp.text.readers.lines import physical_lines

    found = None
    for number, line in physical_lines(file, MAX_LINE, report):
        if not line or line.isspace():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            report.skip("broken JSON", item.name, number, str(error)[:60])
            continue
        if not isinstance(record, dict):
            report.skip("row is no object", item.name, number, line[:40])
            continue
        if found is None:
            found = columns.find(record)
            if found is None:
                _lacks(item, list(record), columns)
        yield number, {key: record.get(name) for key, name in found.items()}


def _parquet(item: Input, columns: Columns) -> Iterator[tuple[int, dict]]:
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(item.source) as file:
        found = columns.find(file.schema_arrow.names)
        if found is None:
            _lacks(item, file.schema_arrow.names, columns)
        number = 0
        for batch in file.iter_batches(columns=sorted(found.values())):
            for record in batch.to_pylist():
                number += 1
                yield number, {key: record[name] for key, name in found.items()}
