"""Smoothed ratio of the rates in the domain and in the reference (post 6540, after matrix67)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from zhnlp.mining.terms.scorers.base import Scorer
from zhnlp.mining.terms.statistics import TermStatistics


@dataclass(frozen=True)
class Ratio(Scorer):
    """r = (w + m / 2) / (w + o + m): 1 for words of the domain only, 1/2 for neutral ones, 0 for words of the reference.

    w is the count here, o the count there scaled to the size of the domain, 0 where the reference lacks the word (the
    published code left such words without a score, and so last), m the mean of w + o: rare words stay near 1/2.

    Source: 苏剑林, https://kexue.fm/archives/6540

    Example:
        >>> from zhnlp.mining.terms.scorers import toy_statistics
        >>> Ratio().score(toy_statistics(count=[8, 4], reference_count=[0, 4], total=100, reference_total=100)).round(3)
        array([0.75, 0.5 ])
    """

    name: ClassVar[str] = "ratio"

    def score(self, statistics: TermStatistics) -> np.ndarray:
        here = statistics.count.astype(np.float64)
        there = statistics.reference_count * (statistics.total / max(statistics.reference_total, 1))
        both = here + there
        mean = both.mean() if both.size else 0.0
        return (here + mean / 2) / (both + mean)
