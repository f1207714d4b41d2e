"""Mixture of Gaussians with full, diagonal or spherical covariances."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import solve_triangular
from sklearn.cluster import kmeans_plusplus

from zhnlp.generative.theory.em.mixture import Mixture, as_table, check_components, enough, given_or

KINDS = ("full", "diagonal", "spherical")


class GaussianMixture(Mixture):
    """K Gaussians in d dimensions.

    No variance, in any direction, gets below ``floor``; the M step is the exact maximum under that condition, so the
    likelihood never falls.  (scikit-learn adds 1e-6 instead, and may then lose a little.)

    Args:
        n_components: K.
        covariance: "full", "diagonal" or "spherical".
        floor: least variance, > 0, in units of x².
        weights, means, covariances: where to start: (K,), (K, d), and (K, d, d) of every kind.  Without means, K-means++
            draws them from the rows; without covariances all begin with that of the data.

    Attributes:
        weights_, means_, covariances_: as above.

    Example:
        >>> from zhnlp.generative.theory.em import EM
        >>> x = np.concatenate([np.random.default_rng(0).normal(m, 0.1, (50, 1)) for m in (0, 3)])
        >>> em = EM(GaussianMixture(2)).fit(x)
        >>> sorted(em.model_.means_.ravel().round(1).tolist())
        [0.0, 3.0]

    Source: https://kexue.fm/archives/5239
    """

    def __init__(
        self,
        n_components: int = 2,
        covariance: str = "full",
        *,
        floor: float = 1e-6,
        weights: Any = None,
        means: Any = None,
        covariances: Any = None,
    ):
        self.n_components = n_components
        self.covariance = covariance
        self.floor = floor
        self.weights = weights
        self.means = means
        self.covariances = covariances

    def check(self, x: np.ndarray) -> np.ndarray:
        """(n, d), finite."""
        if self.covariance not in KINDS:
            raise ValueError(f"covariance got {self.covariance!r}: expected {', '.join(KINDS)}")
        if not self.floor > 0:
            raise ValueError(f"floor got {self.floor}: expected a variance above 0")
        return as_table(x, self.n_components, "finite numbers")

    def guess(self, x: np.ndarray, random: np.random.Generator) -> None:
        """Means given or drawn by K-means++; covariances given or that of all rows."""
        count, d = check_components(self.n_components), x.shape[1]
        enough(x, count)
        means = given_or(self.means, (count, d), "means")
        if means is None:
            means = kmeans_plusplus(x, count, random_state=int(random.integers(2**31)))[0]
        covariances = given_or(self.covariances, (count, d, d), "covariances")
        if covariances is None:
            centred = x - x.mean(0)
            covariances = np.repeat((centred.T @ centred / len(x))[None], count, 0)
        self.means_ = means
        self.covariances_ = np.stack([self._shaped(each) for each in covariances])

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """(n, K), by Cholesky factors."""
        logs = np.empty((len(x), len(self.means_)))
        for number, (mean, covariance) in enumerate(zip(self.means_, self.covariances_)):
            factor = np.linalg.cholesky(covariance)
            whitened = solve_triangular(factor, (x - mean).T, lower=True)
            half = np.log(np.diag(factor)).sum()
            logs[:, number] = -0.5 * (np.square(whitened).sum(0) + x.shape[1] * np.log(2 * np.pi)) - half
        return logs

    def update(self, x: np.ndarray, responsibilities: np.ndarray, kept: np.ndarray) -> None:
        """Weighted means and covariances."""
        for number in np.flatnonzero(kept):
            share = responsibilities[:, number] / responsibilities[:, number].sum()
            self.means_[number] = share @ x
            centred = x - self.means_[number]
            self.covariances_[number] = self._shaped((centred * share[:, None]).T @ centred)

    def _shaped(self, covariance: np.ndarray) -> np.ndarray:
        """Of the kind asked for, no eigenvalue below the floor."""
        d = len(covariance)
        if self.covariance == "spherical":
            return np.eye(d) * max(np.trace(covariance) / d, self.floor)
        if self.covariance == "diagonal":
            return np.diag(np.maximum(np.diag(covariance), self.floor))
        values, vectors = np.linalg.eigh(covariance)
        return (
            covariance if values[0] >= self.floor else (vectors * np.maximum(values, self.floor)) @ vectors.T
        )
