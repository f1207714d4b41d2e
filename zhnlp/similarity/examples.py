"""What an encoder of sentences learns from: groups, pairs, triples or texts alone; from lists or files.

A form is a list of columns of texts and, perhaps, one label a row:

- "groups": (text), label = the group; texts of a group mean the same
- "pairs": (first, second), label = 0 or 1, or a grade; without labels all pairs mean the same
- "triples": (anchor, right, wrong)
- "texts": (text)
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

FORMS = {"groups": 1, "pairs": 2, "triples": 3, "texts": 1}  # columns of texts
LABELLED = ("groups", "pairs")


@dataclass(frozen=True)
class Examples:
    """Texts in columns, with labels or without.

    Args:
        form: "groups", "pairs", "triples" or "texts".
        columns: as many lists of texts as the form has, of equal length.
        labels: one a row: the group (any value) or the grade (a number); None for pairs that all mean the same, and where the form
            has none.

    Raises:
        ValueError: the form is not known, columns differ in length, labels are missing or too many, or there is no row.
        TypeError: a text is no str, or a grade no number.

    Example:
        >>> examples = Examples.of("groups", [("退款", "怎么退款"), ("退款", "如何退钱"), ("发货", "何时发货")])
        >>> len(examples), examples.columns[0][1], examples.labels
        (3, '如何退钱', ['退款', '退款', '发货'])
    """

    form: str
    columns: tuple[list[str], ...]
    labels: list[Any] | None = None

    def __post_init__(self):
        if self.form not in FORMS:
            raise ValueError(
                f"form={self.form!r} is not known: expected one of {', '.join(map(repr, FORMS))}"
            )
        sizes = {len(column) for column in self.columns}
        if len(self.columns) != FORMS[self.form] or len(sizes) != 1 or not max(sizes):
            raise ValueError(
                f"{self.form} have {[len(column) for column in self.columns]} texts in their columns: expected {FORMS[self.form]} columns of "
                "the same length, one row or more"
            )
        for column in self.columns:
            for row, text in enumerate(column):
                if not isinstance(text, str):
                    raise TypeError(f"text {row} is {type(text).__name__}: expected str")
        if self.labels is None:
            if self.form == "groups":
                raise ValueError("groups need labels: expected the group of each text")
        elif self.form not in LABELLED or len(self.labels) != len(self):
            raise ValueError(
                f"{len(self):,} {self.form} got {len(self.labels):,} labels: expected one a row, and none for triples and texts"
            )
        if self.form == "pairs" and self.labels is not None:
            grades = np.asarray(self.labels, dtype=float)
            if not np.isfinite(grades).all():
                raise ValueError("a grade is no finite number: expected 0 and 1, or grades such as 0 to 5")

    def __len__(self) -> int:
        return len(self.columns[0])

    @classmethod
    def of(cls, form: str, rows: Iterable[Any]) -> Examples:
        """From rows: groups are (group, text), pairs (first, second) or (first, second, grade), triples and texts as named.

        Raises:
            ValueError: rows differ in their parts, or as of the class.
        """
        rows = [(row,) if isinstance(row, str) else tuple(row) for row in rows]
        widths = {len(row) for row in rows}
        size = FORMS.get(form, 0)
        allowed = {"groups": {2}, "pairs": {2, 3}}.get(form, {size})
        if form in FORMS and (len(widths) != 1 or not widths <= allowed):
            raise ValueError(
                f"rows of {form} have {sorted(widths)} parts: expected {' or '.join(map(str, sorted(allowed)))} in all of them"
            )
        columns = list(zip(*rows)) or [()] * (size + (form == "groups"))
        if form == "groups":
            return cls(form, (list(columns[1]),), list(columns[0]))
        if form == "pairs" and len(columns) == 3:
            return cls(form, tuple(map(list, columns[:2])), [float(grade) for grade in columns[2]])
        return cls(form, tuple(map(list, columns)))

    def take(self, rows: Sequence[int]) -> Examples:
        """The rows of these numbers, in their order."""
        labels = None if self.labels is None else [self.labels[row] for row in rows]
        return Examples(self.form, tuple([column[row] for row in rows] for column in self.columns), labels)

    def texts(self) -> list[str]:
        """All texts, once each, in their order."""
        return list(dict.fromkeys(text for column in self.columns for text in column))

    def without(self, texts: Iterable[str]) -> Examples:
        """Leave out rows with one of these texts, so that no test is trained on; how many is said in a warning.

        Texts are compared in half width and lower case, without blanks.
        """
        known = {_plain(text) for text in texts}
        kept = [
            row
            for row, parts in enumerate(zip(*self.columns))
            if not any(_plain(part) in known for part in parts)
        ]
        if len(kept) < len(self):
            warnings.warn(
                f"{len(self) - len(kept):,} of {len(self):,} {self.form} have a text that was to be kept out, and were left out",
                stacklevel=2,
            )
        return self.take(kept)


def read_examples(paths: Any, form: str, fields: Sequence[str] = (), *, encoding: str = "utf-8") -> Examples:
    """Examples from .tsv, .csv, .jsonl or .parquet, also packed; broken rows are left out, counted and warned of.

    Args:
        paths: files by name or glob.
        form: groups have the columns ``group``, ``text``; pairs ``text_a``, ``text_b`` and perhaps ``label``; triples ``anchor``,
            ``right``, ``wrong``; texts ``text``.  Files of tabs without a header have them in this order.
        fields: other names of these columns, in the same order.

    Raises:
        ValueError: no row is left, or a column is missing; the message says which there are.
    """
    from zhnlp.text.columns import Columns, read_rows
    from zhnlp.text.report import CorpusError, CorpusReport

    names = {
        "groups": ("group", "text"),
        "pairs": ("text_a", "text_b"),
        "triples": ("anchor", "right", "wrong"),
        "texts": ("text",),
    }
    if form not in names:
        raise ValueError(f"form={form!r} is not known: expected one of {', '.join(map(repr, FORMS))}")
    wanted = names[form]
    graded = form == "pairs" and len(fields) in (0, 3)
    label = (fields[2] if len(fields) == 3 else "label") if graded else None

    def read(label: str | None) -> tuple[list[dict[str, str]], CorpusReport]:
        report = CorpusReport()
        columns = Columns(
            wanted, list(fields[: len(wanted)]), label=label, hint="--fields names them, in this order"
        )
        return list(read_rows(paths, columns, report, encoding=encoding)), report

    try:
        rows, report = read(label)
    except CorpusError:
        if label is None or fields:
            raise
        rows, report = read(None)
    if not rows and label is not None and not fields:  # tabs without a header and without grades
        rows, report = read(None)
    skipped = sum(report.skipped.values())
    reasons = ", ".join(f"{count:,} x {reason}" for reason, count in report.skipped.most_common(3))
    if not rows:
        raise ValueError(
            f"{paths} gave no {form} ({reasons or 'it is empty'}): expected columns {', '.join(wanted)}. Next: --fields names them, in this order"
        )
    if skipped:
        warnings.warn(f"{skipped:,} rows were left out: {reasons}", stacklevel=2)
    parts = [*wanted, *(["label"] if "label" in rows[0] else [])]
    return Examples.of(form, ([row[part] for part in parts] for row in rows))


def _plain(text: str) -> str:
    from zhnlp.text.width import fold_characters

    return "".join(fold_characters(text).lower().split())
