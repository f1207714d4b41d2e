"""The default scorer: a log-odds of being listed in a dictionary of the domain, from contrast, form and surroundings.

Weights are a logistic regression, rounded, fitted with `pipelines/fit_term_score.py` on two domains (statutes and THUOCL
law, which counts twice; open-source articles and THUOCL IT) against news.  Only features that point the same way in both
domains were kept: what made the fit better on one list alone (common words are rare in THUOCL IT, for example) is out.
`benchmarks/domain_terms_ablation.py` says what each group of them gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from zhnlp.mining.terms.scorers.base import Scorer
from zhnlp.mining.terms.statistics import TermStatistics
from zhnlp.mining.terms.word_classes import WordClass

INTERCEPT = -0.5
WEIGHTS: dict[str, float] = {
    "frequency": 0.23,
    "contrast": 0.22,
    "burstiness": 0.42,
    "one or two documents": -0.74,
    "right entropy": -0.19,
    "freedom": 0.37,
    "inner freedom": -0.32,
    "goes on": -0.68,
    "absorbed": -0.56,
    "nested": -0.22,
    "one word": -0.75,
    "three words or more": -0.77,
    "four words or more": -0.61,
    "listed": 0.5,
    "head contrast": 0.06,
    "least contrast": 0.08,
    "first partners": -0.2,
    "last partners": -0.13,
    "begins with function": -1.04,
    "ends with function": -1.41,
    "begins with number": -0.86,
    "ends with number": -1.09,
    "begins with place": -0.62,
    "ends with place": -1.28,
    "begins with verb": -0.44,
    "ends with verb": -0.32,
    "begins with name": -0.32,
    "ends with name": -0.35,
    "begins with unlisted": -1.29,
    "ends with unlisted": -1.55,
    "is function": -1.78,
    "is number": -1.97,
    "is place": -2.38,
    "is verb": -0.27,
    "is name": -1.01,
}
_ENDS = ("FUNCTION", "NUMBER", "PLACE", "VERB", "NAME", "UNLISTED")
_BATCH = 1 << 16  # candidates whose features are in memory at a time
_WHOLE = ("FUNCTION", "NUMBER", "PLACE", "VERB", "NAME")


def features(statistics: TermStatistics) -> dict[str, np.ndarray]:
    """What the score is made of, name -> (M,) float64; natural logarithms, entropies in nats."""
    s = statistics
    count = s.count.astype(np.float64)
    several = s.units > 1
    found = {
        "frequency": np.log(1e6 * s.rate),
        "contrast": s.contrast,
        "burstiness": np.log(count / s.document_count),
        "one or two documents": s.document_count <= 2,
        "right entropy": s.right_entropy,
        "freedom": np.minimum(s.left_entropy, s.right_entropy),
        "inner freedom": s.inner_left_entropy,
        "goes on": s.right_extension / count,
        "absorbed": s.absorbed,
        "nested": np.minimum(s.inside / count, 10),
        "one word": s.units == 1,
        "three words or more": s.units >= 3,
        "four words or more": s.units >= 4,
        "listed": s.own_class != WordClass.UNLISTED,
        "head contrast": np.where(several, s.last_contrast, 0.0),
        "least contrast": np.where(several, np.minimum(s.first_contrast, s.last_contrast), 0.0),
        "first partners": np.where(several, np.log1p(s.first_partners), 0.0),
        "last partners": np.where(several, np.log1p(s.last_partners), 0.0),
    }
    for name in _ENDS:
        found[f"begins with {name.lower()}"] = several & (s.first_class == WordClass[name])
        found[f"ends with {name.lower()}"] = several & (s.last_class == WordClass[name])
    for name in _WHOLE:
        found[f"is {name.lower()}"] = s.own_class == WordClass[name]
    return {name: np.asarray(column, np.float64) for name, column in found.items()}


@dataclass(frozen=True)
class LogOdds(Scorer):
    """Weighted sum of `features`: frequent here and rare elsewhere, free at its ends, a plain phrase of content words.

    0 lies about where the best 5,000 of the development domains end; it is no probability, since the dictionaries it
    was fitted to are far from complete.

    Example:
        >>> from zhnlp.mining.terms.scorers import toy_statistics
        >>> scores = LogOdds().score(toy_statistics(count=[9, 9], reference_count=[0, 90]))
        >>> bool(scores[0] > scores[1])
        True
    """

    name: ClassVar[str] = "log_odds"

    def score(self, statistics: TermStatistics) -> np.ndarray:
        score = np.empty(len(statistics))
        for begin in range(0, score.size, _BATCH):
            end = min(begin + _BATCH, score.size)
            columns = features(statistics.of(np.arange(begin, end)))
            score[begin:end] = INTERCEPT
            for name, weight in WEIGHTS.items():
                score[begin:end] += weight * columns[name]
        return score
