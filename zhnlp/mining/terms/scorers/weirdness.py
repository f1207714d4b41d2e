"""Weirdness: the plain ratio of the rates, one occurrence added in the reference (Ahmad, Gillam and Tostevin 1999)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from zhnlp.mining.terms.scorers.base import Scorer
from zhnlp.mining.terms.statistics import TermStatistics


@dataclass(frozen=True)
class Weirdness(Scorer):
    """(w / W) / ((o + 1) / O): how many times as frequent as in the reference; 0 or more.

    Source: Ahmad, Gillam and Tostevin 1999, Weirdness Indexing for Logical Document Extrapolation and Retrieval

    Example:
        >>> from zhnlp.mining.terms.scorers import toy_statistics
        >>> Weirdness().score(toy_statistics(count=[8, 4], reference_count=[0, 3], total=100, reference_total=100)).tolist()
        [8.0, 1.0]
    """

    name: ClassVar[str] = "weirdness"

    def score(self, statistics: TermStatistics) -> np.ndarray:
        there = (statistics.reference_count + 1) / max(statistics.reference_total, 1)
        return statistics.rate / there
