"""Mixture of multinomials: each text is a bag of word counts, and has one hidden topic."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import gammaln

from zhnlp.generative.theory.em.mixture import Mixture, as_table, check_components, enough, given_or


class MultinomialMixture(Mixture):
    """K distributions over V words, one for all words of a text; `PLSA` has one for each word.

    Args:
        n_components: K.
        floor: least probability of a word, 0 < floor < 1/V; the M step is the exact maximum under that condition.
        weights, probabilities: where to start, (K,) and (K, V).  Without probabilities each component begins halfway
            between all texts together and one text, drawn for it.

    Attributes:
        weights_, probabilities_: as above; rows of probabilities_ sum to 1.

    Example:
        >>> from zhnlp.generative.theory.em import EM
        >>> counts = [[5, 4, 0], [6, 3, 0], [0, 1, 7]]
        >>> topics = EM(MultinomialMixture(2), restarts=3).fit_predict(counts).tolist()
        >>> topics[0] == topics[1], topics[0] == topics[2]
        (True, False)

    Source: https://kexue.fm/archives/5239; Nigam et al. 2000
    """

    def __init__(
        self,
        n_components: int = 2,
        *,
        floor: float = 1e-9,
        weights: Any = None,
        probabilities: Any = None,
    ):
        self.n_components = n_components
        self.floor = floor
        self.weights = weights
        self.probabilities = probabilities

    def check(self, x: np.ndarray) -> np.ndarray:
        """(n, V) counts from 0."""
        counts = as_table(x, self.n_components, "counts of words")
        if (counts < 0).any() or (counts != counts.round()).any():
            raise ValueError("x has negative or broken numbers: expected counts of words, not tf-idf")
        if not 0 < self.floor < 1 / counts.shape[1]:
            raise ValueError(
                f"floor got {self.floor}: expected a probability between 0 and 1/{counts.shape[1]}"
            )
        return counts

    def guess(self, x: np.ndarray, random: np.random.Generator) -> None:
        """Probabilities given, or from texts drawn without repetition."""
        count = check_components(self.n_components)
        enough(x, count)
        probabilities = given_or(self.probabilities, (count, x.shape[1]), "probabilities")
        if probabilities is None:
            rows = x[random.choice(len(x), count, replace=False)] + 1 / x.shape[1]
            everything = x.sum(0) + 1 / x.shape[1]
            probabilities = 0.5 * (rows / rows.sum(1, keepdims=True) + everything / everything.sum())
        self.probabilities_ = np.stack([raised(row / row.sum(), self.floor) for row in probabilities])

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """(n, K), with the multinomial coefficient."""
        ways = gammaln(x.sum(1) + 1) - gammaln(x + 1).sum(1)
        return ways[:, None] + x @ np.log(self.probabilities_).T

    def update(self, x: np.ndarray, responsibilities: np.ndarray, kept: np.ndarray) -> None:
        """Shares of all words."""
        totals = responsibilities.T @ x  # (K, V)
        for number in np.flatnonzero(kept & (totals.sum(1) > 0)):
            self.probabilities_[number] = raised(totals[number] / totals[number].sum(), self.floor)


def raised(shares: np.ndarray, floor: float) -> np.ndarray:
    """The likeliest distribution (V,) for given shares of words, when none may be below a floor.

    Example:
        >>> raised(np.array([0.0, 0.5, 0.5]), 0.1).tolist()
        [0.1, 0.45, 0.45]
    """
    low = np.zeros(len(shares), dtype=bool)
    while True:
        free = shares[~low].sum()
        raised_shares = np.where(low, floor, shares * ((1 - floor * low.sum()) / free))
        more = raised_shares < floor
        if not more.any():
            return raised_shares
        low |= more
