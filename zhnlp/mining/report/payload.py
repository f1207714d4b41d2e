"""The rows of a lexicon as compact columns and contexts, the way the page's script reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from zhnlp.mining.report.columns import Column
from zhnlp.mining.report.escape import clean_text, plain

CONTEXT = 60  # characters of a line kept on each side of the word
_DIGITS = 6  # significant digits of a number on the page


def pack_columns(rows: Sequence[Mapping], columns: Sequence[Column]) -> dict[str, list]:
    """One list for each column: numbers short, flags as 1 and 0, what is missing or not finite as None.

    Args:
        rows: the rows of the table.
        columns: what `present_columns` found.

    Raises:
        TypeError: a value does not have the format of its column.

    Example:
        >>> pack_columns([{"word": "的", "pmi": float("inf")}], [Column("word", "w", format="word"), Column("pmi", "p")])
        {'word': ['的'], 'pmi': [None]}
    """
    return {
        column.key: [_cell(row.get(column.key), column, at) for at, row in enumerate(rows)]
        for column in columns
    }


def _cell(value: Any, column: Column, at: int) -> Any:
    value = plain(value)
    if column.format == "word":
        if not isinstance(value, str) or not value:
            raise TypeError(
                f"rows[{at}][{column.key!r}] is {value!r}, expected text that is not empty: drop the row or name its word"
            )
        return value
    if value is None:
        return None
    if column.format == "list":
        return [str(entry) for entry in value] or None if isinstance(value, list) else [str(value)]
    if column.format == "cluster" and isinstance(value, (int, str)):
        return value
    if column.format == "text":
        if isinstance(value, list):
            return ", ".join(map(str, value))
        return value if isinstance(value, str) else str(value)
    if not isinstance(value, (int, float)):
        raise TypeError(
            f"rows[{at}][{column.key!r}] is {value!r}, expected a number (the column has format={column.format!r}): "
            'describe it with Column(..., format="text") or mend the row'
        )
    if column.format == "flag":
        return int(bool(value))
    return value if isinstance(value, int) else float(f"{value:.{_DIGITS}g}")


def pack_places(rows: Sequence[Mapping]) -> dict[str, list]:
    """Where the rows lie on the map: x and y, None for a row that has no place; nothing if none has one.

    Example:
        >>> pack_places([{"term": "变压器", "x": 0.25, "y": -1}, {"term": "电网"}]), pack_places([{"term": "电网"}])
        ({'x': [0.25, None], 'y': [-1, None]}, {})
    """
    x, y = Column("x", "x"), Column("y", "y")
    both = [(_cell(row.get("x"), x, at), _cell(row.get("y"), y, at)) for at, row in enumerate(rows)]
    if not any(None not in place for place in both):
        return {}
    return {"x": [x for x, _ in both], "y": [y for _, y in both]}


def pack_contexts(rows: Sequence[Mapping], context: int = CONTEXT) -> dict[str, list]:
    """The example lines as columns: row, before, hit, after, document; cut to ``context`` characters each side.

    The line is split here, since JavaScript counts UTF-16 units where Python counts characters.

    Args:
        rows: rows with "example" (a dict with text, start, end and perhaps document), or "examples", a list.
        context: characters kept before and behind the word.

    Raises:
        ValueError: start and end do not lie in the text.

    Example:
        >>> pack_contexts([{"example": {"text": "学深度学习", "start": 1, "end": 3, "document": 7}}])
        {'row': [0], 'before': ['学'], 'hit': ['深度'], 'after': ['学习'], 'document': [7]}
    """
    packed: dict[str, list] = {"row": [], "before": [], "hit": [], "after": [], "document": []}
    for at, row in enumerate(rows):
        for example in _examples(row):
            text, start, end = (example.get(key) for key in ("text", "start", "end"))
            _check(at, text, start, end)
            before, after = text[max(start - context, 0) : start], text[end : end + context]
            packed["row"].append(at)
            packed["before"].append(clean_text("…" * (start > context) + before))
            packed["hit"].append(clean_text(text[start:end]))
            packed["after"].append(clean_text(after + "…" * (end + context < len(text))))
            packed["document"].append(plain(example.get("document")))
    return packed


def _examples(row: Mapping) -> list[Mapping]:
    found = row.get("examples") or row.get("example") or []
    return [found] if isinstance(found, Mapping) else list(found)


def _check(at: int, text: Any, start: Any, end: Any) -> None:
    try:
        fits = isinstance(text, str) and 0 <= start < end <= len(text)
    except TypeError:
        fits = False
    if not fits:
        size = f"{len(text)} characters" if isinstance(text, str) else repr(text)
        raise ValueError(
            f"the example of rows[{at}] has start={start!r}, end={end!r} and a text of {size}, expected "
            "0 <= start < end <= its length: offsets must count characters of this line, not of the document"
        )
