"""Put the page together: template, style, script, data; nothing of it comes from elsewhere."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache, partial
from hashlib import sha256
from html import escape
from importlib.resources import files

from zhnlp.mining.report.columns import Column, present_columns
from zhnlp.mining.report.escape import clean_text, plain, script_json
from zhnlp.mining.report.labels import key_name, labels
from zhnlp.mining.report.nested import nested_html
from zhnlp.mining.report.payload import pack_columns, pack_contexts, pack_places
from zhnlp.mining.report.rejected import rejected_html, rejected_rules
from zhnlp.mining.report.summary import stats_html, warnings_html, why_empty

_SCRIPTS = (
    *(
        "dom",
        "format",
        "data",
        "view",
        "tips",
        "clusters",
        "relations",
        "contexts",
        "table",
        "chart",
        "names",
    ),
    *("plots", "frequency", "map", "save", "main"),
)
_SLOT = re.compile(r"\{\{(\w+)\}\}")


@cache
def _template(name: str) -> str:
    return (files("zhnlp.mining.report") / "templates" / name).read_text(encoding="utf-8")


@cache
def _script() -> str:
    parts = "\n".join(_template(f"{name}.js") for name in _SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}}})();\n'


def render_page(
    rows: Sequence[Mapping],
    columns: Iterable[Column],
    *,
    corpus: Mapping,
    settings: Mapping,
    title: str | None,
    language: str,
    kind: str,
    name: str,
) -> str:
    """The whole page as text.

    Args:
        rows: ranked rows.
        columns: descriptions of columns, in order.
        corpus: what was read, skipped and repaired.
        settings: parameters, seed, versions, seconds.
        title: heading of the page; None takes that of the language.
        language: "en" or "zh".
        kind: "words" or "terms".
        name: what downloaded lists are called, without the ending.

    Raises:
        ValueError: an unknown language or kind, rows without a word, or offsets outside their line.
        TypeError: a value that does not fit its column.
    """
    label = labels(language, kind)
    title = clean_text(title if title is not None else label["title"])
    corpus, settings = plain(corpus), plain(settings)
    rejected = rejected_rules(settings)
    settings = {key: value for key, value in settings.items() if key != "rejected" or not rejected}
    shown = present_columns(rows, columns)
    values = pack_columns(rows, shown)
    known = [flag for flag in values.get("known", ()) if flag is not None]
    payload = {
        "name": clean_text(name),
        "language": language,
        "labels": label,
        "columns": [plain(column.told(language)) for column in shown],
        "values": values,
        "contexts": pack_contexts(rows),
        "places": pack_places(rows),
        "totals": {"domain": settings.get("symbols"), "reference": settings.get("reference_symbols")},
    }
    style, script = _template("style.css"), _script()
    print_nested = partial(nested_html, name=partial(key_name, language=language), more=label["more"])
    empty = ""
    if not rows:
        reason = escape(why_empty(corpus, settings, label, rejected))
        empty = (
            f'<section class="empty" id="empty"><h2>{escape(label["empty"])}</h2><p>{reason}</p></section>'
        )
    slots = {
        "lang": "zh-Hans" if language == "zh" else "en",
        "page_title": escape(title),
        "policy": f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'",
        "style": style,
        "script": script,
        "data": script_json(payload),
        "made_line": escape(
            label["made"].format(when=datetime.now().strftime("%Y-%m-%d %H:%M"), version=_version())
        ),
        "stats": stats_html(len(rows), known.count(0) if known else None, corpus, settings, label, rejected),
        "warning_list": warnings_html(corpus, label),
        "empty_section": empty,
        "rejected_section": rejected_html(rejected, label),
        "rejected_link": f'<a href="#rejected">{escape(label["rejected"])}</a>' if rejected else "",
        "corpus_report": print_nested(corpus) if corpus else escape(label["not_given"]),
        "settings_report": print_nested(settings, group=False) if settings else escape(label["not_given"]),
        "hidden": "" if rows else "hidden",
    }
    told = {f"label_{key}": escape(text) for key, text in label.items()}
    return fill(_template("page.html"), {**told, **slots})


def fill(template: str, slots: Mapping[str, str]) -> str:
    """The template with each ``{{name}}`` replaced, once: what is filled in is not looked at again.

    Raises:
        KeyError: the template names a slot that is not given.

    Example:
        >>> fill("<p>{{a}}</p>", {"a": "{{b}}", "b": "?"})
        '<p>{{b}}</p>'
    """
    return _SLOT.sub(lambda match: slots[match[1]], template)


def _hash(text: str) -> str:
    """The source that lets a policy allow this very style or script and no other."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _version() -> str:
    import zhnlp

    return getattr(zhnlp, "__version__", "")
