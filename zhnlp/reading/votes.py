"""Votes over passages: the same answer in several of them counts more, though 1 + 1 is less than 2.

Source: 苏剑林, https://kexue.fm/archives/5409
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypedDict

RULES: dict[str, Callable[[Sequence[float]], float]] = {
    "smooth_square": lambda s: sum(one * one for one in s) / (1 + sum(s)),
    "square": lambda s: sum(one * one for one in s),
    "sum": sum,
    "max": max,
    "mean": lambda s: sum(s) / len(s),
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
    if rule not in RULES:
        raise ValueError(f"rule got {rule!r}: expected one of {', '.join(RULES)}")
    if not len(scores) or not all(0 <= one <= 1 for one in scores):
        raise ValueError(f"got scores {list(map(float, scores))[:8]}: expected 1 or more, in [0, 1]")
    return float(RULES[rule](scores))


def vote(
    passages: Iterable[Iterable[Mapping[str, Any]]],
    rule: str = "smooth_square",
    *,
    key: Callable[[str], str] | None = None,
) -> list[Vote]:
    """Put the candidates of all passages together, best answer first; no candidate, no answer.

    In a passage the best span of each text counts; over passages `vote_score` does.  Of equals the one with the higher single
    score, then the one that was seen first.

    Args:
        passages: of each passage its candidates ``{"answer", "start", "end", "score"}``, scores in [0, 1]; empty answers are left
            out.
        rule: see `vote_score`.
        key: what makes two texts the same answer, such as one that folds width; None for equal characters.

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
    found: dict[str, dict[int, dict[str, Any]]] = {}
    same: dict[str, str] = {}  # what key gave
    for number, spans in enumerate(passages):
        for span in spans:
            if not span["answer"]:
                continue
            text = span["answer"]
            if key is not None:
                if text not in same:
                    same[text] = key(text)
                text = same[text]
            of_answer = found.setdefault(text, {})
            if number not in of_answer or span["score"] > of_answer[number]["score"]:
                of_answer[number] = {
                    "passage": number,
                    "answer": span["answer"],
                    "start": int(span["start"]),
                    "end": int(span["end"]),
                    "score": float(span["score"]),
                }
    votes = [_voted(list(places.values()), rule) for places in found.values()]
    return sorted(votes, key=lambda one: (-one["score"], -one["support"][0]["score"]))


def _voted(places: list[dict[str, Any]], rule: str) -> Vote:
    support = sorted(places, key=lambda place: -place["score"])
    best = support[0]
    return {
        "answer": best["answer"],
        "score": vote_score([place["score"] for place in support], rule),
        "passage": best["passage"],
        "start": best["start"],
        "end": best["end"],
        "support": [
            {name: place[name] for name in ("passage", "start", "end", "score")} for place in support
        ],
    }
