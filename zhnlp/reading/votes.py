"""Votes over passages: the same answer in several of them counts more, though 1 + 1 is less than 2.

Source: 苏剑林, https://kexue.fm/archives/5409
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypedDict

import numpy as np

# Of the scores of an answer: their sum, the sum of their squares, the highest, how many; numbers, or arrays of many answers.
RULES: dict[str, Callable[[Any, Any, Any, Any], Any]] = {
    "smooth_square": lambda total, squares, most, count: squares / (1 + total),
    "square": lambda total, squares, most, count: squares,
    "sum": lambda total, squares, most, count: total,
    "max": lambda total, squares, most, count: most,
    "mean": lambda total, squares, most, count: total / count,
}


class Vote(TypedDict):
    """An answer that passages voted for.

    Attributes:
        answer: as it stands in the passage with the highest score.
        score: by the rule.
        passage, start, end: where it stands there.
        support: of each passage with this answer, the highest score first: ``{"passage", "start", "end", "score"}``.
    """

    answer: str
    score: float
    passage: int
    start: int
    end: int
    support: list[dict[str, Any]]


def vote_score(scores: Sequence[float], rule: str = "smooth_square") -> float:
    """One number for an answer from its score s in each passage that has it.

    ``"smooth_square"`` is Σ s² / (1 + Σ s), in [0, Σ s): two passages with .5 beat one with .6, but not one with 1.
    ``"square"`` is Σ s²; ``"sum"``, ``"max"`` and ``"mean"`` are what they say.

    Raises:
        ValueError: no score, one outside [0, 1], or no such rule.

    Example:
        >>> [round(vote_score(scores), 3) for scores in ([0.5, 0.5], [0.6], [1.0])]
        [0.25, 0.225, 0.5]
    """
    return float(_by_rule(rule, np.asarray(scores, np.float64), np.zeros(len(scores), np.int64))[0])


def _by_rule(rule: str, scores: np.ndarray, owners: np.ndarray) -> np.ndarray:
    """The score of each answer, from those of its passages; ``owners`` are numbers of answers, from 0."""
    if rule not in RULES:
        raise ValueError(f"rule got {rule!r}: expected one of {', '.join(RULES)}")
    if not len(scores) or not (scores >= 0).all() or not (scores <= 1).all():
        raise ValueError(f"got scores {scores.tolist()[:8]}: expected 1 or more, in [0, 1]")
    return RULES[rule](
        np.bincount(owners, scores),
        np.bincount(owners, scores * scores),
        _highest(scores, owners),
        np.bincount(owners),
    )


def _highest(scores: np.ndarray, owners: np.ndarray) -> np.ndarray:
    found = np.zeros(owners.max() + 1)
    np.maximum.at(found, owners, scores)
    return found


def vote(
    passages: Iterable[Iterable[Mapping[str, Any]]],
    rule: str = "smooth_square",
    *,
    key: Callable[[str], str] | None = None,
    limit: int | None = None,
) -> list[Vote]:
    """Put the candidates of all passages together, best answer first; no candidate, no answer.

    In a passage the best span of each text counts; over passages `vote_score` does.  Of equals the one with the higher single
    score, then the one that was seen first.

    Args:
        passages: of each passage its candidates ``{"answer", "start", "end", "score"}``, scores in [0, 1]; empty answers are left
            out.
        rule: see `vote_score`.
        key: what makes two texts the same answer, such as one that folds width; None for equal characters.
        limit: answers that are given, at most; None for all.

    Raises:
        ValueError: see `vote_score`.

    Example:
        >>> one = {"answer": "电网", "start": 3, "end": 5, "score": 0.5}
        >>> other = {"answer": "电", "start": 3, "end": 4, "score": 0.6}
        >>> best = vote([[one, other], [{**one, "start": 0, "end": 2}]])[0]
        >>> best["answer"], best["score"], [place["passage"] for place in best["support"]]
        ('电网', 0.25, [0, 1])
    """
    if rule not in RULES:
        raise ValueError(f"rule got {rule!r}: expected one of {', '.join(RULES)}")
    best: dict[tuple[str, int], Mapping[str, Any]] = {}  # of an answer in a passage
    same: dict[str, str] = {}  # what key gave
    for number, spans in enumerate(passages):
        for span in spans:
            text = span["answer"]
            if not text:
                continue
            if key is not None:
                if text not in same:
                    same[text] = key(text)
                text = same[text]
            before = best.get((text, number))
            if before is None or span["score"] > before["score"]:
                best[text, number] = span
    if not best:
        return []
    answers: dict[str, int] = {}
    owners = np.array([answers.setdefault(text, len(answers)) for text, _ in best])
    scores = np.array([span["score"] for span in best.values()], np.float64)
    by_rule = _by_rule(rule, scores, owners)
    order = np.lexsort((-_highest(scores, owners), -by_rule))[:limit]  # equals stay in their order
    kept = {answer: [] for answer in order.tolist()}
    for answer, (_, number), span in zip(owners.tolist(), best, best.values()):
        if answer in kept:
            kept[answer].append((number, span))
    return [_voted(float(by_rule[answer]), support) for answer, support in kept.items()]


def _voted(score: float, support: list[tuple[int, Mapping[str, Any]]]) -> Vote:
    support = sorted(support, key=lambda place: -place[1]["score"])
    places = [
        {
            "passage": number,
            "start": int(span["start"]),
            "end": int(span["end"]),
            "score": float(span["score"]),
        }
        for number, span in support
    ]
    best = {name: places[0][name] for name in ("passage", "start", "end")}
    return {"answer": support[0][1]["answer"], "score": score, **best, "support": places}
