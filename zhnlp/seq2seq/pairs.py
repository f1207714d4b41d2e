"""Articles with their titles, from whatever they are kept in."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from zhnlp.text.columns import ALIASES, Columns, read_rows
from zhnlp.text.report import CorpusReport

FIELDS = ("article", "title")


def read_pairs(
    data: Any, fields: Sequence[str] | None = None, *, encoding: str = "utf-8"
) -> tuple[list[str], list[str]]:
    """Articles and their titles, in order; pairs of which one side is blank or no text are left out, counted and warned of.

    Args:
        data: a list of (article, title) or of dicts, a DataFrame of pandas, a `datasets.Dataset`, or files by name: .jsonl,
            .csv, .tsv or .parquet, also packed.
        fields: names of the columns of article and title; None for the usual ones (text or content, title …).

    Raises:
        ValueError: no pair is left, or a column is missing; the message says which there are.
        TypeError: what was given holds no pairs.

    Example:
        >>> read_pairs([("电网今天检修", "检修"), {"content": "明天有雨", "title": "有雨"}])
        (['电网今天检修', '明天有雨'], ['检修', '有雨'])
    """
    if fields is not None and (isinstance(fields, str) or len(fields) != 2):
        raise ValueError(
            f"fields={fields!r} is not possible: expected the names of article and title, in this order"
        )
    columns = Columns(
        FIELDS, list(fields or ()), label=None, hint="fields=('content', 'title') or --fields names them"
    )
    report = CorpusReport()
    if _are_files(data):
        found = list(read_rows(data, columns, report, encoding=encoding))
    else:
        found = [row for row in (_row(item, columns, report) for item in _items(data)) if row is not None]
    left_out = sum(report.skipped.values())
    reasons = ", ".join(f"{count:,} x {reason}" for reason, count in report.skipped.most_common(3))
    if not found:
        raise ValueError(
            f"there is no pair of an article and its title ({reasons or 'nothing was given'}): expected columns {columns.expected()}, or "
            "(article, title) in a list. Next: fields=('content', 'title')"
        )
    if left_out:
        warnings.warn(f"{left_out:,} pairs were left out: {reasons}", stacklevel=3)
    return [row["article"] for row in found], [row["title"] for row in found]


def _are_files(data: Any) -> bool:
    if isinstance(data, (str, Path)):
        return True
    return (
        isinstance(data, (list, tuple))
        and bool(data)
        and all(isinstance(one, (str, Path)) for one in data)
        and not (len(data) == 2 and all(isinstance(one, str) and not Path(one).suffix for one in data))
    )


def _items(data: Any) -> Iterable[Any]:
    if hasattr(data, "to_dict") and hasattr(data, "columns"):  # a table of pandas
        return data.to_dict("records")
    if isinstance(data, (Mapping, bytes)) or not isinstance(data, Iterable):
        raise TypeError(
            f"got {type(data).__name__}: expected a list of (article, title), a table, or the name of a file"
        )
    return data


def _row(item: Any, columns: Columns, report: CorpusReport) -> dict[str, str] | None:
    """Article and title of one item, or None where they are not texts; what is wrong is counted."""
    if isinstance(item, Mapping):
        names = columns.find(item)
        if names is None:
            raise ValueError(
                f"an item has the keys {', '.join(map(repr, list(item)[:8]))}: expected {columns.expected()}. Next: {columns.hint}"
            )
        values = [item[names[key]] for key in FIELDS]
    elif isinstance(item, (tuple, list)) and len(item) == 2:
        values = list(item)
    else:
        raise TypeError(
            f"got {item!r:.60} for a pair: expected (article, title), or a dict with {', '.join(ALIASES['title'][:2])} …"
        )
    for name, value in zip(FIELDS, values):
        if not isinstance(value, str):
            report.skip(
                f"{name} is {type(value).__name__}, not text", "pairs", report.documents, repr(value)[:40]
            )
            return None
        if not value or value.isspace():
            report.skip(f"blank {name}", "pairs", report.documents, "")
            return None
    report.documents += 1
    return dict(zip(FIELDS, values))
