"""Which part of a row is its text."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from zhnlp.text.report import CorpusError, CorpusWarning

USUAL = ("text", "content")
_MISSING = object()


class TextField:
    """Picks the text out of rows of one file.

    Args:
        text_field: a column or key, "a.b" for key b inside a, several as a list or "title,content" (joined by
            a line end), or None for the usual ones: "text", else "content", else the only one there is.
        path: the file's name, for messages.

    Example:
        >>> field = TextField("title,body.text", "x.jsonl")
        >>> field.pick({"title": "标题", "body": {"text": "正文"}})
        '标题\\n正文'
    """

    def __init__(self, text_field: str | Sequence[str] | None, path: str):
        self.path, self.given = path, text_field
        self.names = field_names(text_field)
        self._unseen = set(self.names)

    def settle(self, columns: Iterable[str], *, complete: bool) -> None:
        """Choose the columns from those there are; ``complete`` when rows cannot bring others (a table's header).

        Raises:
            CorpusError: no usual column and more than one, or (when complete) a given one is missing.
        """
        columns = list(columns)
        if isinstance(self.given, str) and self.given in columns:
            self.names = (self.given,)  # a column whose name has a comma or a point in it
        elif self.given is None:
            self.names = tuple(name for name in USUAL if name in columns)[:1] or tuple(
                columns[:1] if len(columns) == 1 else ()
            )
            if not self.names:
                raise CorpusError(
                    f"{self.path}: which column is the text? Found {_shown(columns)}, expected one named 'text' or 'content'; "
                    f"say text_field={columns[0] if columns else 'name'!r} (or the one that is)"
                )
        elif complete:
            tops = set(columns) | {name.split(".")[0] for name in columns}
            absent = [name for name in self.names if name not in tops and name.split(".")[0] not in tops]
            if absent:
                near = get_close_matches(absent[0], columns, 1, 0.5)
                raise CorpusError(
                    f"{self.path}: no column {absent[0]!r}; found {_shown(columns)}"
                    + (f"; did you mean text_field={near[0]!r}?" if near else "; say text_field=one of them")
                )
        self._unseen = set(self.names)

    def pick(self, row: Mapping) -> str:
        """The row's text.

        Raises:
            LookupError: the row has none of the fields, or a field is no text; the message is the reason.
        """
        parts = []
        for name in self.names:
            value = _get(row, name)
            if value is _MISSING:
                continue
            self._unseen.discard(name)
            if value is None:
                continue
            if not isinstance(value, str):
                raise LookupError(f"field is {type(value).__name__}, not text")
            parts.append(value)
        if not parts:
            raise LookupError("no field " + " or ".join(map(repr, self.names)))
        return "\n".join(parts)

    def finish(self) -> None:
        """Warn of a field that no row of the file had, when others made up a text."""
        if self._unseen and len(self.names) > 1:
            names = " and ".join(repr(name) for name in sorted(self._unseen))
            warnings.warn(
                CorpusWarning(f"{self.path}: no row has the field {names}; is it spelt right?"), stacklevel=2
            )


def field_names(text_field: str | Sequence[str] | None) -> tuple[str, ...]:
    """The names in a ``text_field`` argument.

    Example:
        >>> field_names("title,content"), field_names(["a", "b.c"]), field_names(None)
        (('title', 'content'), ('a', 'b.c'), ())
    """
    if text_field is None:
        return ()
    names = text_field.split(",") if isinstance(text_field, str) else list(text_field)
    if not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise ValueError(
            f"text_field got {text_field!r}, expected a name, 'title,content' or a list of names"
        )
    return tuple(name.strip() for name in names)


def _get(row: Mapping, name: str) -> object:
    if name in row:
        return row[name]
    value = row
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return _MISSING
        value = value[part]
    return value


def _shown(columns: Sequence[str]) -> str:
    shown = ", ".join(map(repr, columns[:12]))
    return (shown or "none") + (f" and {len(columns) - 12} more" if len(columns) > 12 else "")
