"""Log-likelihood ratio G², signed: how surely the rate here differs from the rate in the reference (Dunning 1993)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from zhnlp.mining.terms.scorers.base import Scorer
from zhnlp.mining.terms.statistics import TermStatistics


@dataclass(frozen=True)
class LogLikelihood(Scorer):
    """G² of the 2 × 2 table (candidate or not, here or there), negative where the candidate is rarer here than there.

    Source: Dunning 1993, Accurate Methods for the Statistics of Surprise and Coincidence

    Example:
        >>> from zhnlp.mining.terms.scorers import toy_statistics
        >>> LogLikelihood().score(toy_statistics(count=[8, 4, 1], reference_count=[0, 4, 6], total=100, reference_total=100)).round(2)
        array([11.42,  0.  , -4.09])
    """

    name: ClassVar[str] = "log_likelihood"

    def score(self, statistics: TermStatistics) -> np.ndarray:
        here, there = statistics.count.astype(np.float64), statistics.reference_count.astype(np.float64)
        size, other = float(max(statistics.total, 1)), float(max(statistics.reference_total, 1))
        rate = (here + there) / (size + other)
        cells = (
            (here, size * rate),
            (there, other * rate),
            (size - here, size * (1 - rate)),
            (other - there, other * (1 - rate)),
        )
        g2 = 2 * sum(_deviance(observed, expected) for observed, expected in cells)
        return np.where(here * other >= there * size, 1, -1) * np.maximum(g2, 0.0)


def _deviance(observed: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """observed · ln(observed / expected), 0 where nothing was observed."""
    ratio = np.divide(observed, expected, out=np.ones_like(expected), where=(observed > 0) & (expected > 0))
    return observed * np.log(ratio)
