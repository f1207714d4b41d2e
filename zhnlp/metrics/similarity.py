"""Scores of pairs against how alike people find them: Spearman's and Pearson's correlation."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np


def evaluate_similarity(scores: Sequence[float], gold: Sequence[float]) -> dict:
    """Correlation of one score a pair with its label, in [-1, 1].

    Spearman's is Pearson's of the ranks; equals share the mean of their ranks, so binary labels are scored right.

    Args:
        scores: any finite numbers, the higher the more alike.
        gold: labels of the same pairs: 0 and 1, or grades.

    Returns:
        ``primary_metric`` (always ``"spearman"``), ``spearman``, ``pearson``, ``pairs``.  Where all scores are the same (an
        encoder that collapsed) both are 0, with a warning.

    Raises:
        ValueError: differing numbers, fewer than two pairs, a number that is not finite, or labels that are all the same.

    Example:
        >>> score = evaluate_similarity([0.1, 0.4, 0.35, 0.8], [0, 1, 2, 5])
        >>> round(score["spearman"], 4), round(score["pearson"], 4)
        (0.8, 0.9586)

    Source: 苏剑林, https://kexue.fm/archives/8321
    """
    given, right = finite_row(scores, "scores"), finite_row(gold, "gold")
    if len(given) != len(right) or len(right) < 2:
        raise ValueError(
            f"got {len(given)} scores and {len(right)} labels: expected as many, 2 or more, in the same order"
        )
    if right.min() == right.max():
        raise ValueError(
            f"all {len(right)} labels are {right[0]:g}: no correlation with them is defined. Next: pairs of several labels"
        )
    if given.min() == given.max():
        warnings.warn(
            f"all {len(given)} scores are {given[0]:g}: the correlation is undefined and given as 0. The encoder may have "
            "collapsed",
            stacklevel=2,
        )
    return {
        "primary_metric": "spearman",
        "spearman": _pearson(mean_ranks(given), mean_ranks(right)),
        "pearson": _pearson(given, right),
        "pairs": len(right),
    }


def mean_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, equals share the mean of theirs.

    Example:
        >>> mean_ranks(np.array([5, 1, 5, 2])).tolist()
        [3.5, 1.0, 3.5, 2.0]
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = counts.cumsum()
    return ((2 * last - counts + 1) / 2)[place]


def finite_row(values: Sequence[float], name: str) -> np.ndarray:
    """``values`` as a row of float64; refuses what is none, and NaN."""
    row = np.asarray(values, dtype=np.float64)
    if row.ndim != 1:
        raise ValueError(f"{name} have the shape {row.shape}: expected one number a pair")
    if not np.isfinite(row).all():
        where = int(np.flatnonzero(~np.isfinite(row))[0])
        raise ValueError(
            f"{name} have {row[where]} at pair {where} (counted from 0): expected finite numbers"
        )
    return row


def _pearson(x: np.ndarray, y: np.ndarray) -> float:
    if x.min() == x.max():
        return 0.0
    x, y = x - x.mean(), y - y.mean()
    return float(np.clip(x @ y / (np.linalg.norm(x) * np.linalg.norm(y)), -1, 1))
