"""Expectation maximisation of any model that gives log p(x, y) and can be fitted to weighted data."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from scipy.special import logsumexp
from sklearn.base import BaseEstimator
from tqdm import tqdm

from zhnlp.generative.theory.em.bound import evidence_bound, log_likelihood, posterior, posterior_kl

SHAKE = 0.05  # standard deviation of the change of log q at a new β


class HiddenChoice(Protocol):
    """What EM asks of a model.  ``start(x, random)``, which draws first parameters, and ``check(x)`` may be missing."""

    def log_joint(self, x: np.ndarray) -> np.ndarray:
        """log p(x, y) of the n rows of x and the K values of y, (n, K), in nats."""

    def m_step(self, x: np.ndarray, responsibilities: np.ndarray) -> None:
        """Set the parameters that maximise Σ q(y|x) log p(x, y), with q as (n, K)."""


@dataclass(eq=False)
class EMHistory:
    """What every iteration did, in nats a row; entry t belongs to the parameters after t M steps, entry 0 to the start.

    Attributes:
        log_likelihood: mean log p(x).
        bound: of the new parameters with the responsibilities from before: the M step has lifted it, the E step not yet.
            NaN at 0.
        bound_after: the same after the E step; equal to the log-likelihood, unless hard or annealed.
        posterior_kl: mean KL(q ‖ p(y|x)), computed by itself: log-likelihood minus bound.
        beta: exponent of the E step.
    """

    log_likelihood: list[float] = field(default_factory=list)
    bound: list[float] = field(default_factory=list)
    bound_after: list[float] = field(default_factory=list)
    posterior_kl: list[float] = field(default_factory=list)
    beta: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.log_likelihood)


class EM(BaseEstimator):
    """Fit a model with a hidden choice, as a scikit-learn estimator.

    Args:
        model: gives ``log_joint(x)`` and ``m_step(x, responsibilities)``; see `HiddenChoice`.  It stays as it is.
        hard: the E step takes the likeliest choice alone; with it a mixture of equal spheres is K-means.
        anneal: exponents β < 1 that rise, e.g. (0.2, 0.5): EM runs with q ∝ p(x, y)^β at each, then with 1.  Each
            begins with a shake of q, for components that have melted into one to part again as β rises.  Gaussians with
            free covariances do not part before β = 1: begin at 0.5 or above with them.
        restarts: runs from different starts; the best is kept.  More than 1 needs a model with ``start``.
        tolerance: end when an iteration lifts the objective by less, in nats a row.
        max_iterations: of each run, over all β.
        seed: of the starts.
        progress: a bar on stderr.

    Attributes:
        model_: the fitted model.
        history_, histories_: `EMHistory` of the best run, and of every one.
        log_likelihood_: mean, in nats a row.
        n_iter_, converged_: of the best run.

    Raises:
        ValueError: an option out of range; data that the model refuses; a log_joint that is not (n, K), or NaN.
        FloatingPointError: a row has probability 0 in every choice.

    Example:
        >>> from zhnlp.generative.theory.em import CoinMixture
        >>> heads = np.array([5, 9, 8, 4, 7])
        >>> em = EM(CoinMixture(tosses=10, biases=(0.6, 0.5)), tolerance=1e-9).fit(heads)
        >>> em.model_.biases_.round(2).tolist(), em.predict(heads).tolist()
        ([0.8, 0.52], [1, 0, 0, 1, 0])

    Source: https://kexue.fm/archives/5239; annealing: Ueda and Nakano 1998
    """

    def __init__(
        self,
        model: Any,
        *,
        hard: bool = False,
        anneal: Sequence[float] = (),
        restarts: int = 1,
        tolerance: float = 1e-7,
        max_iterations: int = 500,
        seed: int = 0,
        progress: bool = False,
    ):
        self.model = model
        self.hard = hard
        self.anneal = anneal
        self.restarts = restarts
        self.tolerance = tolerance
        self.max_iterations = max_iterations
        self.seed = seed
        self.progress = progress

    def fit(self, x: Any, y: None = None, sample_weight: Any = None) -> EM:
        """Run EM on x; a row of weight w counts as w equal rows.  ``y`` is not looked at."""
        self._check_options()
        x = self._data(self.model, x)
        weights = _weights(sample_weight, len(x))
        seeds = np.random.SeedSequence(self.seed).spawn(self.restarts)
        runs = []
        for seed in tqdm(seeds, desc="em", unit="run", disable=not self.progress):
            model, random = copy.deepcopy(self.model), np.random.default_rng(seed)
            if hasattr(model, "start"):
                model.start(x, random)
            runs.append((model, *self._run(model, x, weights, random)))
        best = max(range(len(runs)), key=lambda number: runs[number][1].bound_after[-1])
        self.model_, self.history_, self.converged_ = runs[best]
        self.histories_ = [history for _, history, _ in runs]
        self.n_iter_ = len(self.history_) - 1
        self.log_likelihood_ = self.history_.log_likelihood[-1]
        if not self.converged_:
            warnings.warn(
                f"EM stopped at {self.max_iterations} iterations, still gaining more than {self.tolerance:g} nats a "
                "row. Next: raise max_iterations, or tolerance",
                stacklevel=2,
            )
        return self

    def _run(self, model, x, weights, random) -> tuple[EMHistory, bool]:
        history, betas = EMHistory(), [*self.anneal, 1.0]
        joint = _joint(model, x)
        q = self._e_step(joint, betas[0])
        self._note(history, joint, q, float("nan"), float("nan"), betas[0], weights)
        for beta in betas:
            q = self._e_step(joint, beta)
            if beta < 1:
                q = q * np.exp(SHAKE * random.normal(size=q.shape))
                q /= q.sum(1, keepdims=True)
            before, gain = self._objective(joint, q, beta, weights), np.inf
            while gain > self.tolerance and len(history) <= self.max_iterations:
                model.m_step(x, q * weights[:, None])
                joint = _joint(model, x)
                bound, kl = evidence_bound(joint, q, weights), posterior_kl(joint, q, weights)
                q = self._e_step(joint, beta)
                self._note(history, joint, q, bound, kl, beta, weights)
                after = self._objective(joint, q, beta, weights)
                gain, before = after - before, after
        return history, bool(gain <= self.tolerance)

    def _e_step(self, joint: np.ndarray, beta: float) -> np.ndarray:
        if self.hard:
            return np.eye(joint.shape[1])[joint.argmax(1)]
        return posterior(joint, beta)

    def _objective(self, joint, q, beta, weights) -> float:
        """What both steps lift: the bound, or at β < 1 the free energy, where the entropy of q counts 1/β times."""
        if self.hard or beta == 1:
            return evidence_bound(joint, q, weights)
        return float(np.average(logsumexp(beta * joint, axis=1), weights=weights)) / beta

    @staticmethod
    def _note(history, joint, q, bound, kl, beta, weights) -> None:
        history.log_likelihood.append(log_likelihood(joint, weights))
        history.bound.append(bound)
        history.bound_after.append(evidence_bound(joint, q, weights))
        history.posterior_kl.append(kl)
        history.beta.append(beta)

    def predict_proba(self, x: Any) -> np.ndarray:
        """p(y|x), (n, K)."""
        return posterior(self._fitted(x))

    def predict(self, x: Any) -> np.ndarray:
        """The likeliest choice, (n,) from 0 to K − 1."""
        return self._fitted(x).argmax(1)

    def fit_predict(self, x: Any, y: None = None) -> np.ndarray:
        """`fit`, then `predict` of the same rows."""
        return self.fit(x).predict(x)

    def score_samples(self, x: Any) -> np.ndarray:
        """log p(x), (n,), in nats."""
        return logsumexp(self._fitted(x), axis=1)

    def score(self, x: Any, y: None = None) -> float:
        """Mean log p(x), in nats a row."""
        return float(self.score_samples(x).mean())

    def _fitted(self, x) -> np.ndarray:
        if not hasattr(self, "model_"):
            raise ValueError("this EM has no model yet. Next: fit(x)")
        return self.model_.log_joint(self._data(self.model_, x))

    @staticmethod
    def _data(model, x) -> np.ndarray:
        x = np.asarray(x)
        if x.ndim == 0 or len(x) == 0:
            raise ValueError(f"x got shape {x.shape}: expected one row or more")
        return model.check(x) if hasattr(model, "check") else x

    def _check_options(self) -> None:
        for name, least in {"restarts": 1, "max_iterations": 1, "tolerance": 0}.items():
            if not getattr(self, name) >= least:
                raise ValueError(f"{name} got {getattr(self, name)}: expected {least} or more")
        betas = [*self.anneal, 1.0]
        if betas != sorted(set(betas)) or betas[0] <= 0:
            raise ValueError(f"anneal got {self.anneal}: expected numbers that rise between 0 and 1")
        if self.hard and self.anneal:
            raise ValueError("got hard=True and anneal: expected one of them, a hard E step has no exponent")
        if self.restarts > 1 and not hasattr(self.model, "start"):
            raise ValueError(
                f"restarts got {self.restarts}, but {type(self.model).__name__} has no start(x, random): all runs "
                "would be the same"
            )


def _joint(model, x) -> np.ndarray:
    joint = np.asarray(model.log_joint(x))
    if joint.ndim != 2 or len(joint) != len(x):
        raise ValueError(f"log_joint gave shape {joint.shape} for {len(x)} rows: expected (n, K)")
    if np.isnan(joint).any():
        raise ValueError(f"log_joint gave NaN in {int(np.isnan(joint).any(1).sum())} of {len(x)} rows")
    lost = int((~np.isfinite(joint.max(1))).sum())
    if lost:
        raise FloatingPointError(
            f"{lost} of {len(x)} rows have no finite probability in any choice: expected one at least. "
            "Likely a parameter reached 0; give the model a floor"
        )
    return joint


def _weights(sample_weight: Any, n: int) -> np.ndarray:
    if sample_weight is None:
        return np.ones(n)
    weights = np.asarray(sample_weight, dtype=float)
    if weights.shape != (n,) or not np.isfinite(weights).all() or (weights < 0).any() or weights.sum() == 0:
        raise ValueError(
            f"sample_weight got shape {weights.shape}: expected {n} numbers from 0, finite and not all 0"
        )
    return weights
