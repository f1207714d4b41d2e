"""What a scorer is: one number a candidate, the higher the more it looks like a term of the domain."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from zhnlp.mining.terms.statistics import TermStatistics


class Scorer:
    """A measure of termhood (a frozen dataclass of its options)."""

    name: ClassVar[str]

    def score(self, statistics: TermStatistics) -> np.ndarray:
        """The score of each candidate, (M,) float64, finite."""
        raise TypeError(f"{type(self).__name__} is not a scorer: it has no score()")
