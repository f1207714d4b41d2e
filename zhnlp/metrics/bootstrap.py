"""How far a mean over test items would move on other items of the same kind: the percentile bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import numpy as np

NUMBERS_AT_ONCE = 4_000_000


class PairedDifference(TypedDict):
    difference: float
    low: float
    high: float
    p_value: float


def bootstrap_interval(
    scores: Sequence[float], *, confidence: float = 0.95, samples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """The interval that holds the mean of ``confidence`` of the resamples: items drawn with replacement, as many as there are.

    It says what the choice of test items is worth, nothing about the training run: for that repeat the training.  With
    fewer than about 20 items it is too narrow.

    Args:
        scores: one number an item, whatever it measures.
        confidence: share of the resamples inside, in (0, 1).
        samples: resamples, 1 or more.
        seed: of the draws; no other generator moves.

    Returns:
        ``(low, high)``, in the unit of the scores.

    Raises:
        ValueError: no item, a score that is no finite number, or an option out of range.

    Example:
        >>> bootstrap_interval([0.5, 0.5, 0.5])
        (0.5, 0.5)
        >>> low, high = bootstrap_interval([0, 1] * 50)
        >>> round(low, 1), round(high, 1)  # a share of 0.5 ± 1.96 · 0.05
        (0.4, 0.6)

    References:
        Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13
    """
    means = resampled_means(_checked(scores, "scores"), samples, seed)
    low, high = np.quantile(means, _ends(confidence))
    return float(low), float(high)


def paired_bootstrap(
    first: Sequence[float],
    second: Sequence[float],
    *,
    confidence: float = 0.95,
    samples: int = 1000,
    seed: int = 0,
) -> PairedDifference:
    """The mean of ``first`` less that of ``second``, both scored on the same items, with its interval.

    The items are resampled together, so that what makes an item hard for both falls out.

    Args:
        first, second: one number an item of each system, in the same order.
        confidence: share of the resamples inside the interval, in (0, 1).
        samples: resamples, 1 or more.
        seed: of the draws.

    Returns:
        ``difference``; ``low`` and ``high`` of it; ``p_value`` in (0, 1], two-sided: twice the share of resamples on the
        rarer side of 0 (at least ``2 / (samples + 1)``).

    Raises:
        ValueError: differing numbers of items, no item, a score that is no finite number, or an option out of range.

    Example:
        >>> found = paired_bootstrap([0.4, 0.5, 0.6, 0.7], [0.3, 0.4, 0.5, 0.6])
        >>> round(found["difference"], 4), round(found["low"], 4), round(found["p_value"], 4)
        (0.1, 0.1, 0.002)

    References:
        Koehn, "Statistical Significance Tests for Machine Translation Evaluation", 2004, aclanthology.org/W04-3250
    """
    one, other = _checked(first, "first"), _checked(second, "second")
    if one.shape != other.shape:
        raise ValueError(
            f"got scores of {len(one)} items and of {len(other)}: expected those of the same items in the same order"
        )
    means = resampled_means(one - other, samples, seed)
    low, high = np.quantile(means, _ends(confidence))
    rarer = min((means <= 0).sum(), (means >= 0).sum())
    return {
        "difference": float((one - other).mean()),
        "low": float(low),
        "high": float(high),
        "p_value": float(min(1.0, 2 * (rarer + 1) / (samples + 1))),
    }


def resampled_means(scores: np.ndarray, samples: int, seed: int) -> np.ndarray:
    """Mean of each resample: ``(N,)`` → ``(samples,)``; the same seed and N draw the same items."""
    if not isinstance(samples, int) or samples < 1:
        raise ValueError(f"got samples={samples!r}: expected a whole number of resamples, 1 or more")
    draws, items = np.random.default_rng(seed), len(scores)
    block = max(1, NUMBERS_AT_ONCE // items)
    parts = []
    for done in range(0, samples, block):
        chosen = draws.integers(items, size=(min(block, samples - done), items))  # (resamples, N)
        parts.append(scores[chosen].mean(1))
    return np.concatenate(parts)


def _checked(scores: Sequence[float], name: str) -> np.ndarray:
    numbers = np.asarray(scores, np.float64)
    if numbers.ndim != 1 or not numbers.size or not np.isfinite(numbers).all():
        raise ValueError(
            f"got {name} of shape {numbers.shape}{'' if np.isfinite(numbers).all() else ' with a NaN or an infinity'}: "
            "expected one finite number an item, 1 or more"
        )
    return numbers


def _ends(confidence: float) -> list[float]:
    if not 0 < confidence < 1:
        raise ValueError(f"got confidence={confidence!r}: expected a share in (0, 1), such as 0.95")
    return [(1 - confidence) / 2, (1 + confidence) / 2]
