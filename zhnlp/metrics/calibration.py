"""A threshold above which a stated share of the pairs is the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import numpy as np

from zhnlp.metrics.matching import cuts_of, scored_pairs


class Calibration(TypedDict):
    threshold: float
    precision: float
    recall: float
    accepted: int
    pairs: int


def calibrate_threshold(
    scores: Sequence[float], same: Sequence[bool], precision: float = 0.95
) -> Calibration:
    """The lowest threshold at which pairs with ``score >= threshold`` are the same with the expected precision.

    The chance that a pair is the same is taken to rise with its score (isotonic regression), and the precision of a threshold
    is the mean of these chances above it, which falls as the threshold does.  A threshold where the counts alone reach the
    precision is a lucky one among many and disappoints on new pairs.

    The expectation holds for pairs like the given ones: held out, and with the share of same ones that will be met.

    Args:
        scores: finite numbers, the higher the more alike.
        same: True or 1 for pairs that mean the same.
        precision: in (0, 1].

    Returns:
        ``threshold``; ``precision``, the expected one, at least that asked for; ``recall``, the share of the same ones that is
        expected above it; ``accepted``, the given pairs above it; ``pairs``.

    Raises:
        ValueError: differing numbers, no pair, no same one, or no threshold has that precision.

    Example:
        >>> found = calibrate_threshold([0.9, 0.8, 0.7, 0.6, 0.5], [1, 1, 1, 0, 0], precision=0.9)
        >>> round(found["threshold"], 2), found["precision"], found["recall"], found["accepted"]
        (0.65, 1.0, 1.0, 3)

    Source: Zadrozny and Elkan 2002, https://doi.org/10.1145/775047.775151
    """
    from sklearn.isotonic import IsotonicRegression

    if not 0 < precision <= 1:
        raise ValueError(f"got precision={precision!r}: expected a share in (0, 1]. Next: 0.95 for 95 %")
    given, right = scored_pairs(scores, same)
    if not right.any():
        raise ValueError(f"none of {len(right)} pairs is the same: expected some of both kinds")
    chance = IsotonicRegression().fit(given, right.astype(float)).predict(given)
    cuts, taken, _ = (column[1:] for column in cuts_of(given, right))
    expected = np.sort(chance)[::-1].cumsum()[taken - 1]
    shares = expected / taken
    good = np.flatnonzero(shares >= precision - 1e-12)
    if not len(good):
        raise ValueError(
            f"no threshold has a precision of {precision:g}: the best is {shares[0]:.3f}, from {cuts[0]:g} on. "
            "Next: a lower precision, a better encoder, or more pairs"
        )
    last = good[-1]
    return {
        "threshold": float(cuts[last]),
        "precision": float(shares[last]),
        "recall": float(min(expected[last] / right.sum(), 1.0)),
        "accepted": int(taken[last]),
        "pairs": len(right),
    }
