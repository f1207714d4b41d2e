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


def checked_scores(scorer: Scorer, statistics: TermStatistics) -> np.ndarray:
    """What ``scorer`` gives, (M,) float64.

    Raises:
        ValueError: it is not one finite number a candidate.
    """
    scores = np.asarray(scorer.score(statistics), np.float64)
    if scores.shape != (len(statistics),):
        raise ValueError(
            f"scorer {scorer.name!r} gave an array of shape {scores.shape} for {len(statistics):,} candidates: "
            "expected one number each"
        )
    bad = np.count_nonzero(~np.isfinite(scores))
    if bad:
        raise ValueError(
            f"scorer {scorer.name!r} gave {bad:,} scores that are no finite number: such candidates have no rank. "
            "The likely cause is a division by a count of 0"
        )
    return scores
