"""Learning rates where none are given: measured on zhnlp-mlm-small, the posts' own for a BERT of 100 M parameters.

Between and beyond the two sizes a rate lies on the straight line of logarithms, within bounds.
"""

from __future__ import annotations

from math import exp, log
from typing import Any

SMALL, LARGE = 5e6, 100e6  # parameters of zhnlp-mlm-small, of a BERT of 12 layers


def learning_rate(model: Any) -> float:
    """The rate for all weights and a few labels: 3e-4 at 5 M parameters, 2e-5 at 100 M, never outside 5e-6 to 5e-4."""
    return _at_size(model, 3e-4, 2e-5, 5e-6, 5e-4)


def soft_rate(model: Any) -> float:
    """The rate for trainable rows alone: 1e-2 at 5 M parameters, 6e-4 at 100 M (post 8295), never outside 3e-4 to 1e-2."""
    return _at_size(model, 1e-2, 6e-4, 3e-4, 1e-2)


def fine_tuning_rate(model: Any) -> float:
    """The rate for all weights under a new head (`FineTunedClassifier`): 4e-4 at 5 M parameters, 3e-5 at 100 M, never outside
    1e-5 to 5e-4.
    """
    return _at_size(model, 4e-4, 3e-5, 1e-5, 5e-4)


def adaptation_rate(model: Any) -> float:
    """The rate for raw text: 5e-4 at 5 M parameters, 5e-5 at 100 M, never outside 1e-5 to 1e-3."""
    return _at_size(model, 5e-4, 5e-5, 1e-5, 1e-3)


def _at_size(model: Any, small: float, large: float, least: float, most: float) -> float:
    count = sum(parameter.numel() for parameter in model.parameters())
    place = (log(max(1, count)) - log(SMALL)) / (log(LARGE) - log(SMALL))
    return min(most, max(least, exp(log(small) + place * (log(large) - log(small)))))
