"""Mixture of Bernoullis: rows of zeros and ones, such as binary pictures or the words that a text has."""

from __future__ import annotations

from typing import Any

import numpy as np

from zhnlp.generative.theory.em.mixture import Mixture, as_table, check_components, enough, given_or


class BernoulliMixture(Mixture):
    """K vectors of d independent probabilities.

    Args:
        n_components: K.
        floor: probabilities stay in [floor, 1 − floor], 0 < floor < ½, so that a new row is never impossible.
        weights, probabilities: where to start, (K,) and (K, d).  Without probabilities each component begins at the mean
            of the data, drawn a quarter of the way towards a row of its own.

    Attributes:
        weights_, probabilities_: as above.

    Example:
        >>> from zhnlp.generative.theory.em import EM
        >>> x = np.repeat([[1, 1, 1, 0], [0, 0, 0, 1]], 20, axis=0)
        >>> EM(BernoulliMixture(2), restarts=3).fit(x).model_.weights_.round(2).tolist()
        [0.5, 0.5]

    Source: https://kexue.fm/archives/5239; Bishop, Pattern Recognition and Machine Learning, 9.3.3
    """

    def __init__(
        self,
        n_components: int = 2,
        *,
        floor: float = 1e-3,
        weights: Any = None,
        probabilities: Any = None,
    ):
        self.n_components = n_components
        self.floor = floor
        self.weights = weights
        self.probabilities = probabilities

    def check(self, x: np.ndarray) -> np.ndarray:
        """(n, d) of 0 and 1."""
        if not 0 < self.floor < 0.5:
            raise ValueError(f"floor got {self.floor}: expected a probability between 0 and 0.5")
        table = as_table(x, self.n_components, "zeros and ones")
        if not np.isin(table, (0, 1)).all():
            raise ValueError(
                f"x has values from {table.min():g} to {table.max():g}: expected zeros and ones. Next: x > threshold"
            )
        return table

    def guess(self, x: np.ndarray, random: np.random.Generator) -> None:
        """Probabilities given, or between the mean and rows drawn without repetition."""
        count = check_components(self.n_components)
        enough(x, count)
        probabilities = given_or(self.probabilities, (count, x.shape[1]), "probabilities")
        if probabilities is None:
            rows = x[random.choice(len(x), count, replace=False)]
            probabilities = 0.75 * x.mean(0) + 0.25 * rows
        self.probabilities_ = probabilities.clip(self.floor, 1 - self.floor)

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """(n, K)."""
        p = self.probabilities_
        return x @ np.log(p).T + (1 - x) @ np.log1p(-p).T

    def update(self, x: np.ndarray, responsibilities: np.ndarray, kept: np.ndarray) -> None:
        """Weighted means."""
        share = responsibilities[:, kept] / responsibilities[:, kept].sum(0)
        self.probabilities_[kept] = (share.T @ x).clip(self.floor, 1 - self.floor)
