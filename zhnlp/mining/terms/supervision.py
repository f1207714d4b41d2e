"""Terms from terms that are known: a logistic model of positives among unlabelled candidates.

Known terms are the positives, all other candidates the negatives, although some are terms that nobody has listed.  Under
the assumption that known terms are a random part of all terms, the model of "listed" ranks as the model of "term"
does: its probability is lower by one factor for all (Elkan and Noto 2008), which `listed_share` estimates.

Candidates are scored by models that have not seen them: five folds, dealt by place.

Source: Elkan and Noto 2008, Learning Classifiers from Only Positive and Unlabeled Data
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zhnlp.mining.terms.expansion import UnknownWords

MIN_POSITIVES = 20
_FOLDS = 5


@dataclass(frozen=True)
class Supervision:
    """What known terms say of all candidates.

    Attributes:
        scores: (M,) float64, log-odds of being listed; the higher the more like the known terms.
        positives: known terms that are candidates.
        missing: known terms that are not, in the order given.
        listed_share: estimated share of all terms that are listed (0-1).
    """

    scores: np.ndarray
    positives: list[str]
    missing: list[str]
    listed_share: float

    @property
    def probabilities(self) -> np.ndarray:
        """Probability of being a term, (M,) in 0-1: that of being listed over ``listed_share``, at most 1."""
        listed = 1 / (1 + np.exp(-np.clip(self.scores, -500, 500)))
        return np.minimum(listed / self.listed_share, 1.0)


def learn_from_known(
    features: np.ndarray, words: Sequence[str], known_terms: Sequence[str], *, strength: float = 1.0
) -> Supervision:
    """Score candidates by how much they look like known terms.

    Args:
        features: (M, F) finite numbers, a row a candidate; columns are brought to one scale.
        words: M candidates.
        known_terms: a few hundred terms; those that are no candidates are warned of and reported.
        strength: inverse of the penalty on weights (above 0).

    Raises:
        ValueError: shapes do not match, a number is not finite, or fewer than 20 candidates are known terms, or are not.
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    features = np.asarray(features, np.float64)
    if features.ndim != 2 or features.shape[0] != len(words):
        raise ValueError(
            f"features have the shape {features.shape}, expected ({len(words)}, F): one row a word"
        )
    if not np.isfinite(features).all():
        column = int(np.flatnonzero(~np.isfinite(features).all(axis=0))[0])
        raise ValueError(
            f"column {column} of the features holds a number that is not finite: expected finite ones"
        )
    if not strength > 0:
        raise ValueError(f"strength={strength} is not possible: expected a number above 0")
    if isinstance(known_terms, str):
        raise ValueError(f"known_terms got one string, expected a list: [{known_terms[:20]!r}]")
    given, candidates = list(dict.fromkeys(known_terms)), set(words)
    positives = [term for term in given if term in candidates]
    missing = [term for term in given if term not in candidates]
    if len(positives) < MIN_POSITIVES:
        raise ValueError(
            f"{len(positives)} of {len(given)} known terms are candidates, expected {MIN_POSITIVES} or more: the others are "
            "rarer than min_count in the corpus, or were rejected. Next: give more known_terms, lower min_count, or use "
            "seeds=[…], which needs only a few"
        )
    listed = np.isin(np.asarray(words, object).astype(str), positives)
    if np.count_nonzero(~listed) < MIN_POSITIVES:
        raise ValueError(
            f"{np.count_nonzero(~listed)} candidates are not known terms: expected {MIN_POSITIVES} or more to compare with. "
            "Next: give more text, or rank by contrast alone"
        )
    if missing:
        warnings.warn(
            f"{len(missing)} of {len(given)} known terms are no candidates and teach nothing: {', '.join(missing[:10])}"
            f"{' …' if len(missing) > 10 else ''}",
            UnknownWords,
            stacklevel=2,
        )
    spread = features.std(axis=0)
    scaled = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    fold = _deal(listed)
    scores = np.empty(len(words))
    with threadpool_limits(1):
        for number in range(_FOLDS):
            seen = fold != number
            model = LogisticRegression(C=strength, max_iter=1000).fit(scaled[seen], listed[seen])
            scores[~seen] = model.decision_function(scaled[~seen])
    share = float(np.mean(1 / (1 + np.exp(-np.clip(scores[listed], -500, 500)))))
    return Supervision(scores, positives, missing, max(share, 1e-12))


def _deal(listed: np.ndarray) -> np.ndarray:
    """Folds 0 … 4 in turn, positives and the others each by themselves, (M,)."""
    fold = np.empty(listed.size, np.int64)
    for group in (listed, ~listed):
        fold[group] = np.arange(np.count_nonzero(group)) % _FOLDS
    return fold
