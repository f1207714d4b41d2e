"""A page of articles with the titles that were written for them, best first, and the right one where it is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from math import exp
from typing import Any

_HEAD = """<!doctype html>
<html lang="zh">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --line: #8884; --bar: #4a86c8; }}
body {{ font: 16px/1.6 "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }}
article {{ border-top: 1px solid var(--line); padding: 1rem 0; }}
ol {{ margin: 0; padding-left: 1.5rem; }}
li:first-child {{ font-weight: 600; }}
.reference {{ margin: 0 0 .3rem; }}
.bar {{ display: inline-block; height: .6rem; background: var(--bar); vertical-align: middle; margin-left: .5rem; }}
.score {{ color: #888; font-size: .8rem; font-weight: 400; }}
details {{ margin-top: .5rem; color: #888; white-space: pre-wrap; overflow-wrap: anywhere; }}
</style>
<h1>{title}</h1>
"""
SHOWN = 4000  # characters of an article


def render_page(rows: Iterable[Mapping[str, Any]], *, title: str = "标题 Titles") -> str:
    """A page that needs no other file.

    Args:
        rows: ``article``, ``titles`` (dicts with ``title`` and ``score``, best first) and where it is known ``reference``.

    Example:
        >>> page = render_page([{"article": "<b>检修", "titles": [{"title": "检修", "score": -0.1}], "reference": "变压器检修"}])
        >>> "&lt;b&gt;检修" in page, "变压器检修" in page
        (True, True)
    """
    parts = [_HEAD.format(title=escape(title))]
    for row in rows:
        parts.append("<article>\n")
        if row.get("reference"):
            parts.append(f'<p class="reference">✓ {escape(row["reference"])}</p>\n')
        parts.append("<ol>\n")
        parts += [_item(one) for one in row["titles"]]
        article = row["article"]
        cut = "…" if len(article) > SHOWN else ""
        parts.append(
            f"</ol>\n<details><summary>{len(article):,} 字</summary>{escape(article[:SHOWN])}{cut}</details>\n</article>\n"
        )
    return "".join(parts)


def _item(one: Mapping[str, Any]) -> str:
    width = round(120 * exp(min(0.0, one["score"])))
    return f'<li>{escape(one["title"])}<span class="bar" style="width:{width}px"></span> <span class="score">{one["score"]:.2f}</span></li>\n'
