"""Heat maps of surprise: a self-contained HTML page, and lines for a terminal."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from math import exp
from typing import Any

from zhnlp.attribution.page import frame, safe, shaded
from zhnlp.attribution.page_labels import labels
from zhnlp.attribution.style import LEVELS, shade
from zhnlp.attribution.terminal import heat_lines, level, wants_color


def render_surprise(
    found: Iterable[Mapping[str, Any]], *, title: str | None = None, language: str = "en"
) -> str:
    """The heat maps of texts, in their order, as the text of a page; all have the same scale, from 0 nats on.

    Args:
        found: what `zhnlp.attribution.surprise` gives.
        title: heading; None for that of the language.
        language: "en" or "zh".

    Raises:
        ValueError: the language is not known.

    Example:
        >>> from zhnlp.attribution import Surprise
        >>> one = Surprise.of("<b>", [{"text": "<b>", "start": 0, "end": 3, "nats": 3.0}], end=None, unknown=0)
        >>> "&lt;" in render_surprise([one]), "<b>" in render_surprise([one])
        (True, False)
    """
    label, found = labels(language), list(found)
    deepest = deepest_of(found)
    articles = "\n".join(_article(one, place, deepest, label) for place, one in enumerate(found, 1))
    return frame(
        title or label["surprise_title"],
        articles or f"<p>{label['empty']}</p>",
        language,
        label["texts"].format(n=len(found)),
        legend=_legend(deepest, label),
    )


def render_text(
    found: Mapping[str, Any],
    *,
    color: bool | None = None,
    width: int | None = None,
    deepest: float | None = None,
) -> str:
    """A heat map in lines for a terminal, and a line of figures.

    Args:
        color: None for a standard output that shows colours.
        width: columns; None for those of the terminal, 80 where there is none.
        deepest: nats of the deepest shade; None for the most surprising character.

    Example:
        >>> from zhnlp.attribution import Surprise
        >>> tokens = [{"text": one, "start": n, "end": n + 1, "nats": 1.0 + 2 * n} for n, one in enumerate("电网")]
        >>> print(render_text(Surprise.of("电网", tokens, end=None, unknown=0), color=False, width=40))
        电网
        +3+9
        2 characters · perplexity 7.39 a character · 2.89 bits a character; +9: 3 nats
    """
    color = wants_color() if color is None else color
    width = width or shutil.get_terminal_size((80, 24)).columns
    deepest = deepest_of([found]) if deepest is None else deepest
    lines = heat_lines(found["text"], _scored(found), deepest, color=color, width=width)
    return "\n".join(
        [*lines, f"{figures(found, labels('en'))}; {'deepest' if color else '+9'}: {deepest:.3g} nats"]
    )


def deepest_of(found: Sequence[Mapping[str, Any]]) -> float:
    """The nats of the most surprising character of all texts; 0.0 where there is none."""
    return max((part["nats"] for one in found for part in one["characters"]), default=0.0)


def figures(found: Mapping[str, Any], label: Mapping[str, str]) -> str:
    """The line of figures below a text."""
    return label["surprise_note"].format(
        characters=f"{found['count']:,}",
        perplexity=f"{found['perplexity']:.3g}",
        bits=f"{found['bits_per_character']:.3g}",
    )


def _scored(found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The characters as a heat map has its parts."""
    return ({**part, "score": part["nats"]} for part in found["characters"])


def _article(found: Mapping[str, Any], place: int, deepest: float, label: Mapping[str, str]) -> str:
    note = escape(figures(found, label))
    return (
        f'<article aria-labelledby="text-{place}">\n<div class="head"><h2 id="text-{place}">{place}.</h2>'
        f'<span class="notes">{note}</span></div>\n<p class="map" lang="zh-Hans">{"".join(_pieces(found, deepest))}</p>\n'
        "</article>"
    )


def _pieces(found: Mapping[str, Any], deepest: float) -> Iterator[str]:
    done, text = 0, found["text"]
    for part in found["characters"]:
        yield safe(text[done : part["start"]])
        hint = f"{part['nats']:.2f} nats, {exp(-part['nats']):.2%}"
        yield shaded(text[part["start"] : part["end"]], max(0, level(part["nats"], deepest)), hint)
        done = part["end"]
    yield safe(text[done:])


def _legend(deepest: float, label: Mapping[str, str]) -> str:
    items = "".join(f'<li class="{shade(one)}"></li>' for one in range(LEVELS + 1))
    odds = f"{exp(min(deepest, 700)):,.0f}" if deepest < 30 else f"{exp(min(deepest, 700)):.1e}"
    said = label["deepest"].format(nats=f"{deepest:.3g}", odds=odds)
    return (
        f'<div class="scale"><span>{label["expected"]}</span><ol aria-hidden="true">{items}</ol>'
        f'<span>{label["surprising"]}</span><span class="notes">{escape(said)}</span></div>'
    )
