"""Texts as people hand them over, as one list of dicts with the fields of a template."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def examples_of(X: Any, fields: Sequence[str]) -> list[dict[str, str]]:
    """A dict with the fields of a template for each item.

    Args:
        X: a list, tuple, numpy array, pandas Series or column of texts; where the template has two fields, of pairs
            (``text_a`` first, wherever it stands in the template). Dicts with the fields, or a table with such columns, do
            for both.
        fields: of the template.

    Raises:
        TypeError: ``X`` is one text or no collection; an item is no text. The message says which.
        ValueError: an item lacks a field, or has one or three texts where two are expected.

    Example:
        >>> examples_of(["电网"], ("text",)), examples_of([("甲", "乙")], ("text_b", "text_a"))
        ([{'text': '电网'}], [{'text_a': '甲', 'text_b': '乙'}])
    """
    names = sorted(fields)
    if hasattr(X, "columns") and hasattr(X, "to_dict"):  # a table of pandas
        X = _rows_of_table(X, names)
    elif hasattr(X, "tolist"):  # numpy, pandas
        X = X.tolist()
    if isinstance(X, (str, bytes, Mapping)) or not isinstance(X, Iterable):
        raise TypeError(f"got {type(X).__name__}: expected a list of {_wanted(names)}. Next: [{_shown(X)}]")
    return [_example(item, number, names) for number, item in enumerate(X)]


def _example(item: Any, number: int, names: list[str]) -> dict[str, str]:
    if hasattr(item, "tolist"):
        item = item.tolist()
    if isinstance(item, Mapping):
        if lacking := [name for name in names if name not in item]:
            raise ValueError(
                f"item {number} has {', '.join(map(repr, item)) or 'nothing'} and no {lacking[0]!r}: the template needs "
                f"{' and '.join(names)}. Next: items such as {dict.fromkeys(names, '…')}"
            )
        values = [item[name] for name in names]
    elif isinstance(item, (list, tuple)):
        if len(item) != len(names):
            raise ValueError(
                f"item {number} has {len(item)} texts: expected {_wanted(names)}, since the template has the "
                f"field{'s' * (len(names) > 1)} {' and '.join(names)}. Next: {_remedy(names)}"
            )
        values = item
    elif len(names) > 1:
        found = ValueError if isinstance(item, str) else TypeError
        raise found(f"item {number} is {_shown(item)}: expected {_wanted(names)}. Next: {_remedy(names)}")
    else:
        values = [item]
    for value in values:
        if not isinstance(value, str):
            raise TypeError(
                f"item {number} is {_shown(value)} ({type(value).__name__}): expected a str. A missing value was likely read "
                "as nan or None. Next: drop or fill such items"
            )
    return {name: str(value) for name, value in zip(names, values)}


def _rows_of_table(table: Any, names: list[str]) -> list[dict[str, Any]]:
    if lacking := [name for name in names if name not in table.columns]:
        raise ValueError(
            f"the table has the columns {', '.join(map(str, table.columns))} and no {lacking[0]!r}: the template needs "
            f"{' and '.join(names)}. Next: table.rename(columns={{...: {lacking[0]!r}}})"
        )
    return table[names].to_dict("records")


def _wanted(names: Sequence[str]) -> str:
    return "texts" if len(names) == 1 else f"pairs ({', '.join(names)})"


def _remedy(names: Sequence[str]) -> str:
    """What to do where an item has another number of texts than the template fields."""
    if len(names) == 1:
        return "a template with {text_a} and {text_b} for pairs"
    return f"({', '.join('…' for _ in names)}) for each item, or a template with {{text}} for single texts"


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else shown[:40] + "…"
