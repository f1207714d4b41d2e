"""A threshold above which a stated share of the pairs is the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import numpy as np

from zhnlp.metrics.matching import cuts_of, scored_pairs


class Calibration(TypedDict):
    threshold: float
    precision: float
    low: float
    high: float
    recall: float
    accepted: int
    pairs: int


def calibrate_threshold(
    scores: Sequence[float], same: Sequence[bool], precision: float = 0.95
) -> Calibration:
    """The lowest threshold at which pairs with ``score >= threshold`` are the same with that precision.

    It is counted on the given pairs: held-out ones, and with the share of same ones that will be met, or the precision will
    be another.  Isotonic regression of the labels would promise more than the counts at every threshold but the ends of its
    steps, and keep it less often.

    Args:
        scores: finite numbers, the higher the more alike.
        same: True or 1 for pairs that mean the same.
        precision: in (0, 1].

    Returns:
        ``threshold``, in the middle between two scores; ``precision``, the expected one, at least that asked for, and
        ``low`` and ``high``, its 95 % interval by Wilson: ± 2 points need some 500 accepted pairs at 0.95; ``recall``, the
        share of the same ones above the threshold; ``accepted``, the pairs above it; ``pairs``.

    Raises:
        ValueError: differing numbers, no pair, no same one, or no threshold has that precision.

    Example:
        >>> found = calibrate_threshold([0.9, 0.8, 0.7, 0.6, 0.5], [1, 1, 0, 1, 0], precision=0.7)
        >>> round(found["threshold"], 2), found["precision"], found["recall"], found["accepted"]
        (0.55, 0.75, 1.0, 4)
        >>> round(found["low"], 2), round(found["high"], 2)  # four pairs say little
        (0.3, 0.95)

    References:
        Wilson, "Probable inference, the law of succession, and statistical inference", 1927
    """
    if not 0 < precision <= 1:
        raise ValueError(f"got precision={precision!r}: expected a share in (0, 1]. Next: 0.95 for 95 %")
    given, right = scored_pairs(scores, same)
    if not right.any():
        raise ValueError(f"none of {len(right)} pairs is the same: expected some of both kinds")
    cuts, taken, true = (column[1:] for column in cuts_of(given, right))
    shares = true / taken
    good = np.flatnonzero(shares >= precision)
    if not len(good):
        best = shares.argmax()
        raise ValueError(
            f"no threshold has a precision of {precision:g}: the best is {shares[best]:.3f}, from {cuts[best]:g} on. "
            "Next: a lower precision, a better encoder, or more pairs"
        )
    last = good[-1]
    low, high = _wilson(int(true[last]), int(taken[last]))
    return {
        "threshold": float(cuts[last]),
        "precision": float(shares[last]),
        "low": low,
        "high": high,
        "recall": float(true[last] / right.sum()),
        "accepted": int(taken[last]),
        "pairs": len(right),
    }


def _wilson(true: int, count: int, z: float = 1.959964) -> tuple[float, float]:
    share = true / count
    middle = share + z * z / (2 * count)
    reach = z * (share * (1 - share) / count + (z / (2 * count)) ** 2) ** 0.5
    return max((middle - reach) / (1 + z * z / count), 0.0), min((middle + reach) / (1 + z * z / count), 1.0)
