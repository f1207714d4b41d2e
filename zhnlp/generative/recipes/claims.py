"""Claims as a recipe keeps them: a figure, or one for each seed, against a bar; and the table of them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Any

NUMBER = r"[-−]?(?:\d+\.?\d*|\.\d+)(?:e[-−]?\d+)?"
LIMIT = re.compile(rf"([<>≤≥=]) ?({NUMBER})")
RANGE = re.compile(rf"({NUMBER}) (?:–|to) ({NUMBER})")
AROUND = re.compile(rf"({NUMBER}) ?± ?({NUMBER})")
WORDS = {True: "yes", False: "**no**", None: "–"}


def table(claims: Sequence[dict[str, Any]], *, seeds: bool = False) -> str:
    """Claims in Markdown; ``seeds`` adds a column with the figure of each.

    Example:
        >>> row = {"claim": "gap", "figure": 2.0, "seeds": [1.0, 3.0], "bar": "< 3", "met": True}
        >>> print(table([row], seeds=True))
        | claim | figure | each seed | bar | met |
        | --- | ---: | ---: | ---: | --- |
        | gap | 2 ± 1.414 | 1, 3 | < 3 | yes |
    """
    rows = [["claim", "figure", "each seed", "bar", "met"], ["---", "---:", "---:", "---:", "---"]]
    for row in claims:
        each = ", ".join(map(short, row["seeds"])) if len(row["seeds"]) > 1 else ""
        rows.append([row["claim"], written(row["seeds"]), each, row["bar"] or "–", WORDS[row["met"]]])
    shown = (row if seeds else row[:2] + row[3:] for row in rows)
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in shown)


def meets(figure: float, bar: str) -> bool | None:
    """Whether a figure meets a bar as `Recipe.claim` writes it; None of a bar that is another text.

    Example:
        >>> meets(0.81, "≥ 0.6"), meets(1.2, "0.95 – 1.15"), meets(0.797, "0.8 ± 0.005"), meets(1.0, "finite")
        (True, False, True, None)
    """
    if found := LIMIT.fullmatch(bar):
        limit = _number(found[2])
        return {
            "<": figure < limit,
            ">": figure > limit,
            "≤": figure <= limit,
            "≥": figure >= limit,
            "=": figure == limit,
        }[found[1]]
    if found := RANGE.fullmatch(bar):
        return _number(found[1]) <= figure <= _number(found[2])
    if found := AROUND.fullmatch(bar):
        return abs(figure - _number(found[1])) <= _number(found[2])
    return None


def _number(text: str) -> float:
    return float(text.replace("−", "-"))


def written(seeds: list[float]) -> str:
    """The mean, with the standard deviation over seeds.

    Example:
        >>> written([1.0, 3.0]), written([0.5])
        ('2 ± 1.414', '0.500')
    """
    mean = short(fmean(seeds))
    return f"{mean} ± {short(stdev(seeds))}" if len(seeds) > 1 else mean


def short(value: float) -> str:
    """A figure in four digits or so.

    Example:
        >>> short(8.0), short(0.01234), short(3e-17), short(123.456)
        ('8', '0.012', '3e-17', '123.5')
    """
    if math.isfinite(value) and value == round(value) and abs(value) < 1e6:
        return f"{value:.0f}"
    return f"{value:.2g}" if abs(value) < 1e-3 else f"{value:.3f}" if abs(value) < 10 else f"{value:.4g}"
