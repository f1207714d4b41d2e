"""C-value: frequency of long terms, less what longer terms around them explain (Frantzi, Ananiadou and Mima 2000)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from zhnlp.mining.terms.scorers.base import Scorer
from zhnlp.mining.terms.statistics import TermStatistics


@dataclass(frozen=True)
class CValue(Scorer):
    """log2(n) · (f(w) - mean of f(b) over longer candidates b around w), n the length in symbols, 2 or more.

    Source: Frantzi, Ananiadou and Mima 2000, Automatic Recognition of Multi-Word Terms: the C-value/NC-value Method

    Example:
        >>> from zhnlp.mining.terms.scorers import toy_statistics
        >>> CValue().score(toy_statistics(count=[8, 6], length=[4, 2], containers=[0, 2], inside=[0, 4])).tolist()
        [16.0, 4.0]
    """

    name: ClassVar[str] = "c_value"

    def score(self, statistics: TermStatistics) -> np.ndarray:
        around = statistics.inside / np.maximum(statistics.containers, 1)
        return np.log2(statistics.length.astype(np.float64)) * (statistics.count - around)
