"""What words weigh: natural logarithms of probabilities on a fine grid, for words with their width folded."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from zhnlp.text.characters import code_points, from_code_points
from zhnlp.text.width import width_table

LIMIT = 1000.0  # nats
_GRID = float(1 << 24)  # weights are multiples of its inverse, so that sums of weights are exact


def on_grid(weight: float) -> float:
    return round(weight * _GRID) / _GRID


def checked_weight(weight: float, what: str) -> float:
    if not -LIMIT <= weight <= 0:
        raise ValueError(
            f"{what} is {weight!r}, expected the natural logarithm of a probability ({-LIMIT:.0f} to 0); "
            "if it is a count use Segmenter.from_counts, if you have none pass None to add_words"
        )
    return on_grid(float(weight))


def fold(text: str) -> str:
    return from_code_points(width_table()[code_points(text)])


def folded_words(words: Iterable[str]) -> list[str]:
    """The words with their width folded, all at once, and checked."""
    words = list(words)
    for word in words:
        if not word or "\n" in word or word[0].isspace() or word[-1].isspace():
            raise ValueError(
                f"the lexicon has the word {word!r}, expected one or more characters without a line end that neither "
                "begin nor end with a blank; strip the words and drop empty ones"
            )
    return fold("\n".join(words)).split("\n") if words else []


def best_split(units: list[str], table: Mapping[str, float], unknown: float) -> float:
    """Weight of the best segmentation of a word by other words; a blank within it parts words and weighs nothing."""
    best = [0.0] + [-math.inf] * len(units)
    for j in range(1, len(units) + 1):
        for i in range(j):
            alone = -math.inf if j > i + 1 else 0.0 if units[i].isspace() else unknown
            weight = table.get("".join(units[i:j]), alone)
            best[j] = max(best[j], best[i] + weight)
    return best[-1]
