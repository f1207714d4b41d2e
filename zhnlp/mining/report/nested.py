"""Nested values as HTML for the reader: definition lists, small tables, numbers with thousands marks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

LIMIT = 100  # entries of one list or dict that are printed; the others are counted


def nested_html(
    value: Any, name: Callable[[str], str] = str, more: str = "… and {n} more", group: bool = True
) -> str:
    """The value as HTML, every text escaped.

    Args:
        value: what `plain` returns: dicts, lists, text, numbers, booleans, None.
        name: turns a key into what the reader sees.
        more: said when a list or dict is longer than 100 entries.
        group: whether whole numbers get thousands marks: counts do, a seed should not.

    Example:
        >>> nested_html({"files": 1200})
        '<dl><div><dt>files</dt><dd>1,200</dd></div></dl>'
    """
    if isinstance(value, Mapping):
        return _mapping(value, name, more, group) if value else "—"
    if isinstance(value, list):
        return _list(value, name, more, group) if value else "—"
    return escape(scalar(value, group))


def scalar(value: Any, group: bool = True) -> str:
    """One value for the reader.

    Example:
        >>> scalar(12345), scalar(1.23456), scalar(True), scalar(None)
        ('12,345', '1.235', 'true', '—')
    """
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}" if group else str(value)
    if isinstance(value, float):
        if abs(value) >= 10000:
            return f"{value:,.0f}"
        return f"{value:.4g}"
    return str(value)


def _mapping(value: Mapping, name: Callable[[str], str], more: str, group: bool) -> str:
    lines = []
    for key, entry in list(value.items())[:LIMIT]:
        block = isinstance(entry, (Mapping, list)) and len(entry) > 0
        kind = ' class="block"' if block else ""
        lines.append(
            f"<div{kind}><dt>{escape(name(key))}</dt><dd>{nested_html(entry, name, more, group)}</dd></div>"
        )
    return f"<dl>{''.join(lines)}</dl>{_rest(len(value), more)}"


def _list(value: list, name: Callable[[str], str], more: str, group: bool) -> str:
    shown = value[:LIMIT]
    rest = _rest(len(value), more)
    if all(isinstance(entry, Mapping) for entry in shown):
        keys = list(dict.fromkeys(key for entry in shown for key in entry))
        head = "".join(f'<th scope="col">{escape(name(key))}</th>' for key in keys)
        body = "".join(
            "<tr>"
            + "".join(f"<td>{nested_html(entry.get(key), name, more, group)}</td>" for key in keys)
            + "</tr>"
            for entry in shown
        )
        return f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{rest}'
    if (
        all(not isinstance(entry, (Mapping, list)) for entry in shown)
        and sum(map(len, map(scalar, shown))) <= 200
    ):
        return escape(", ".join(scalar(entry, group) for entry in shown)) + rest
    return (
        "<ul>"
        + "".join(f"<li>{nested_html(entry, name, more, group)}</li>" for entry in shown)
        + "</ul>"
        + rest
    )


def _rest(size: int, more: str) -> str:
    return f"<p>{escape(more.format(n=f'{size - LIMIT:,}'))}</p>" if size > LIMIT else ""
