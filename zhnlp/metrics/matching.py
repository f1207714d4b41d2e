"""Same or different: accuracy and F1 of scores, with a threshold that was searched on other pairs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zhnlp.metrics.similarity import finite_row


def evaluate_matching(
    scores: Sequence[float],
    same: Sequence[bool],
    *,
    dev_scores: Sequence[float],
    dev_same: Sequence[bool],
) -> dict:
    """Accuracy and F1 of "the score is at or above a threshold", each with its threshold of the best of the development pairs.

    Args:
        scores, same: of the test pairs; ``same`` has True or 1 for pairs that mean the same.
        dev_scores, dev_same: of the pairs on which the thresholds are searched.

    Returns:
        ``primary_metric`` (always ``"accuracy"``); ``accuracy`` and ``f1`` of the test pairs, in [0, 1], F1 of the same ones;
        ``accuracy_threshold`` and ``f1_threshold``; ``dev_accuracy`` and ``dev_f1``, the best ones; ``pairs``;
        ``majority``, the accuracy of the more frequent answer on the test.

    Raises:
        ValueError: differing numbers, no pair, or another label than 0 and 1.

    Example:
        >>> score = evaluate_matching([0.9, 0.6, 0.2], [1, 0, 0], dev_scores=[0.8, 0.4, 0.5], dev_same=[1, 0, 1])
        >>> round(score["accuracy_threshold"], 2), round(score["accuracy"], 4), round(score["f1"], 4)
        (0.45, 0.6667, 0.6667)

    Source: 苏剑林, https://kexue.fm/archives/8860
    """
    given, right = scored_pairs(scores, same)
    cut, best = search_threshold(dev_scores, dev_same)
    f1_cut, best_f1 = search_threshold(dev_scores, dev_same, metric="f1")
    hits, rises = given >= cut, given >= f1_cut
    return {
        "primary_metric": "accuracy",
        "accuracy": float((hits == right).mean()),
        "f1": float(2 * (rises & right).sum() / max(rises.sum() + right.sum(), 1)),
        "accuracy_threshold": cut,
        "f1_threshold": f1_cut,
        "dev_accuracy": best,
        "dev_f1": best_f1,
        "pairs": len(right),
        "majority": float(max(right.mean(), 1 - right.mean())),
    }


def search_threshold(
    scores: Sequence[float], same: Sequence[bool], *, metric: str = "accuracy"
) -> tuple[float, float]:
    """The threshold with the best accuracy or F1 of ``score >= threshold``, and that best: exact, over all cuts.

    Thresholds lie in the middle between two scores that follow each other, at the lowest score (all are the same), or just
    above the highest (none is).  Of equally good ones the highest is taken.

    Args:
        scores: finite numbers.
        same: True or 1 for pairs that mean the same.
        metric: ``"accuracy"`` or ``"f1"``; F1 is 0 where nothing is the same or nothing is taken for it.

    Raises:
        ValueError: differing numbers, no pair, another label than 0 and 1, or another metric.

    Example:
        >>> search_threshold([0.2, 0.4, 0.8], [False, True, True], metric="f1")
        (0.30000000000000004, 1.0)
    """
    if metric not in ("accuracy", "f1"):
        raise ValueError(f"got metric={metric!r}: expected 'accuracy' or 'f1'")
    given, right = scored_pairs(scores, same)
    cuts, taken, true = cuts_of(given, right)
    wrong = taken - true
    if metric == "f1":
        values = 2 * true / np.maximum(taken + right.sum(), 1)
    else:
        values = (true + (~right).sum() - wrong) / len(right)
    best = int(values.argmax())
    return float(cuts[best]), float(values[best])


def cuts_of(scores: np.ndarray, same: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All thresholds that differ, from the highest, and for each how many pairs are taken and how many of them are the same.

    Example:
        >>> cuts_of(np.array([1.0, 3.0, 3.0]), np.array([True, False, True]))[1:]
        (array([0, 2, 3]), array([0, 1, 2]))
    """
    order = np.argsort(-scores, kind="stable")
    ordered, true = scores[order], same[order].cumsum()
    ends = np.flatnonzero(np.append(ordered[1:] < ordered[:-1], True))  # the last of equals
    distinct = ordered[ends]
    middle = distinct[1:] + (distinct[:-1] - distinct[1:]) / 2
    middle = np.where(middle > distinct[1:], middle, distinct[:-1])  # neighbours among the floats
    cuts = np.concatenate([[np.nextafter(distinct[0], np.inf)], middle, distinct[-1:]])
    return cuts, np.append(0, ends + 1), np.append(0, true[ends])


def scored_pairs(scores: Sequence[float], same: Sequence[bool]) -> tuple[np.ndarray, np.ndarray]:
    """Rows of floats and of bools, as many and at least one; refuses everything else."""
    given, labels = finite_row(scores, "scores"), finite_row(same, "same")
    if len(given) != len(labels) or not len(labels):
        raise ValueError(
            f"got {len(given)} scores and {len(labels)} labels: expected as many, 1 or more, in the same order"
        )
    if not np.isin(labels, (0, 1)).all():
        strange = labels[~np.isin(labels, (0, 1))][0]
        raise ValueError(
            f"same has {strange:g}: expected True and False, or 1 and 0. Next: for graded labels, grades >= some grade"
        )
    return given, labels == 1
