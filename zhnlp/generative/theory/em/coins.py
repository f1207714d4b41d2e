"""Coins of unknown bias: each row is a number of heads, and which coin was tossed is hidden."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import gammaln, xlog1py, xlogy

from zhnlp.generative.theory.em.mixture import Mixture, as_table, given_or


class CoinMixture(Mixture):
    """K coins, each tossed ``tosses`` times a row.

    Args:
        tosses: of every row, from 1.
        n_components: K.
        learn_weights: also how often each coin is taken; in the well-known example of two coins it is known, ½.
        weights, biases: where to start, (K,); without biases they are drawn from (0, 1).

    Attributes:
        weights_, biases_: (K,); biases are probabilities of heads.

    Example:
        >>> from zhnlp.generative.theory.em import EM
        >>> em = EM(CoinMixture(tosses=10, biases=(0.6, 0.5))).fit([5, 9, 8, 4, 7])
        >>> em.model_.biases_.round(2).tolist()
        [0.8, 0.52]

    Source: https://kexue.fm/archives/5239; Do and Batzoglou 2008, "What is the expectation maximization algorithm?"
    """

    def __init__(
        self,
        tosses: int,
        n_components: int = 2,
        *,
        learn_weights: bool = False,
        weights: Any = None,
        biases: Any = None,
    ):
        self.tosses = tosses
        self.n_components = n_components
        self.learn_weights = learn_weights
        self.weights = weights
        self.biases = biases

    def check(self, x: np.ndarray) -> np.ndarray:
        """Numbers of heads (n,) or (n, 1), as (n, 1)."""
        x = np.asarray(x)
        heads = as_table(x[:, None] if x.ndim == 1 else x, self.n_components, "numbers of heads")
        if (
            heads.shape[1] != 1
            or (heads != heads.round()).any()
            or heads.min() < 0
            or heads.max() > self.tosses
        ):
            raise ValueError(
                f"x got shape {heads.shape} with values from {heads.min():g} to {heads.max():g}: expected one number of "
                f"heads a row, 0 to {self.tosses}"
            )
        return heads

    def guess(self, x: np.ndarray, random: np.random.Generator) -> None:
        """Biases given or drawn."""
        biases = given_or(self.biases, (self.n_components,), "biases")
        self.biases_ = random.uniform(size=self.n_components) if biases is None else biases
        if not ((self.biases_ >= 0) & (self.biases_ <= 1)).all():
            raise ValueError(f"biases got {self.biases}: expected probabilities")

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """(n, K), with the binomial coefficient."""
        ways = gammaln(self.tosses + 1) - gammaln(x + 1) - gammaln(self.tosses - x + 1)
        return ways + xlogy(x, self.biases_) + xlog1py(self.tosses - x, -self.biases_)

    def m_step(self, x: np.ndarray, responsibilities: np.ndarray) -> None:
        """As of any mixture, but weights that are known stay."""
        known = self.weights_
        super().m_step(x, responsibilities)
        if not self.learn_weights:
            self.weights_ = known

    def update(self, x: np.ndarray, responsibilities: np.ndarray, kept: np.ndarray) -> None:
        """Shares of heads."""
        share = responsibilities[:, kept] / responsibilities[:, kept].sum(0)
        self.biases_[kept] = ((share.T @ x)[:, 0] / self.tosses).clip(0, 1)
