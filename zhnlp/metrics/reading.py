"""Answers of extractive reading, scored as CMRC2018 scores them: exact match, and F1 of the longest common run of units.

A unit is a Chinese character, or a word or sign of a Latin part; case and the signs of `SIGNS` do not count.

Source: Cui et al. 2019, https://arxiv.org/abs/1810.07366, and the script cmrc2018_evaluate.py (v5) beside its data
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from zhnlp.metrics.bootstrap import bootstrap_interval
from zhnlp.metrics.latin_words import latin_words
from zhnlp.metrics.short_answers import listed_answers

SIGNS = frozenset(
    "-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』"
)  # the script also names ……, which no character equals

_HAN = re.compile("([\u4e00-\u9fa5])")  # its range: rarer characters go with the Latin part


def evaluate_reading(
    predictions: Iterable[str],
    answers: Iterable[str | Sequence[str]],
    *,
    confidence: float = 0.95,
    samples: int = 1000,
    seed: int = 0,
    items: bool = False,
) -> dict[str, Any]:
    """Exact match and F1 of CMRC2018, of the best right answer for each question; DRCD and other sets are scored alike.

    Traditional and simplified characters are different ones, full-width letters are not folded, and an answer inside another
    (1949 in 1949年) has the F1 of its share.

    Args:
        predictions: one answer a question; "" for none.
        answers: the right one of each, or a list of several.
        confidence: share of the resamples inside each interval, in (0, 1).
        samples: resamples of the bootstrap; 0 for no interval.
        seed: of the resamples.
        items: give the scores of each question too.

    Returns:
        ``primary_metric`` (always ``"f1"``); ``f1`` and ``em``, means in [0, 1], and ``average`` of the two; ``intervals``,
        ``[low, high]`` of F1 and EM, None with ``samples=0``; ``confidence``, ``samples``, ``seed``; ``questions``, their number;
        ``empty``, the share of empty predictions.  Where asked for ``items``, a list of ``{"f1", "em"}``.

    Raises:
        TypeError: one str in place of a list, or a text that is no str.
        ValueError: lists of differing lengths, no question, or a question without a right answer.

    Example:
        >>> score = evaluate_reading(["《红楼梦》", "1949年"], ["红楼梦", ["1949", "1949年10月"]])
        >>> score["em"], round(score["f1"], 3)  # 1 and 2/3: of 1949 年 and 1949 年 10 月 the run is 2
        (0.5, 0.833)
    """
    given, right = listed_answers(predictions, answers)
    rows = [_scored(text, texts) for text, texts in zip(given, right)]
    columns = {name: [row[name] for row in rows] for name in ("f1", "em")}
    options = {"confidence": confidence, "samples": samples, "seed": seed}
    means = {name: sum(column) / len(column) for name, column in columns.items()}
    found = {
        "primary_metric": "f1",
        **means,
        "average": (means["f1"] + means["em"]) / 2,
        "intervals": {name: list(bootstrap_interval(column, **options)) for name, column in columns.items()}
        if samples
        else None,
        **options,
        "questions": len(rows),
        "empty": sum(not text.strip() for text in given) / len(rows),
    }
    if items:
        found["items"] = rows
    return found


def exact(prediction: str, answer: str) -> bool:
    """Whether they are equal but for case, `SIGNS`, and blanks at the ends.

    Example:
        >>> exact("《红楼梦》", "红楼梦"), exact("1 949", "1949")
        (True, False)
    """
    return _without_signs(prediction) == _without_signs(answer)


def f1(prediction: str, answer: str) -> float:
    """2 r / (p + a): r units of the longest run that both have, p and a units of each; 0 where they share none.

    Example:
        >>> f1("光荣公司", "光荣和ω-force"), units("光荣和ω-force")  # 2 of 4 and of 4
        (0.5, ['光', '荣', '和', 'ωforce'])
    """
    return _run_f1(units(prediction), units(answer))


def units(text: str) -> list[str]:
    """Chinese characters one by one, and the words of what stands between them, in lower case and without `SIGNS`."""
    parts = _HAN.split(_without_signs(text))
    return [
        unit for number, part in enumerate(parts) for unit in ([part] if number % 2 else latin_words(part))
    ]


def longest_run(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest run of units, without a gap, that stands in both.

    Example:
        >>> longest_run("电网升级改造", "电网的升级")
        2
    """
    places: dict[str, list[int]] = {}
    for place, unit in enumerate(second):
        places.setdefault(unit, []).append(place)
    longest, ended = (
        0,
        {},
    )  # place in second → length of the run that ends there and at the unit before of first
    for unit in first:
        ended = {place: ended.get(place - 1, 0) + 1 for place in places.get(unit, ())}
        longest = max(longest, *ended.values(), 0)
    return longest


def _run_f1(ours: Sequence[str], theirs: Sequence[str]) -> float:
    run = longest_run(ours, theirs)
    return 2 * run / (len(ours) + len(theirs)) if run else 0.0


def _scored(prediction: str, answers: Iterable[str]) -> dict[str, float]:
    """F1 and exact match of the best answers; annotators often agree, so each is looked at once."""
    different, ours = dict.fromkeys(answers), units(prediction)
    return {
        "f1": max(_run_f1(ours, units(answer)) for answer in different),
        "em": float(any(exact(prediction, answer) for answer in different)),
    }


def _without_signs(text: str) -> str:
    return "".join(character for character in text.lower().strip() if character not in SIGNS)
