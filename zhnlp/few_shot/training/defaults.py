"""Learning rates and epochs where none are given: measured on a model of 5 M parameters, the post's for one of 100 M."""

from __future__ import annotations

from typing import Any

SMALL, LARGE = 5e6, 100e6  # parameters of zhnlp-mlm-small, of a BERT of 12 layers
SOFT_RATE = 6e-4  # of trainable rows, post 8295


def learning_rate(model: Any) -> float:
    """The rate for a few labels by the number of parameters: 2e-4 at 5 M, 2e-5 at 100 M, on a straight line of logarithms.

    Between and beyond them it goes on, within 1e-5 to 3e-4.
    """
    return _between(model, 2e-4, 2e-5, 1e-5, 3e-4)


def adaptation_rate(model: Any) -> float:
    """The rate for raw text: 3e-4 at 5 M parameters, 5e-5 at 100 M, within 2e-5 to 5e-4."""
    return _between(model, 3e-4, 5e-5, 2e-5, 5e-4)


def _between(model: Any, small: float, large: float, least: float, most: float) -> float:
    from math import exp, log

    count = sum(parameter.numel() for parameter in model.parameters())
    place = (log(max(1, count)) - log(SMALL)) / (log(LARGE) - log(SMALL))
    return min(most, max(least, exp(log(small) + place * (log(large) - log(small)))))
