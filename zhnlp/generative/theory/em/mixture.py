"""What mixtures share: weights of K components, the joint, starts, and components that lost all their rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

EMPTY = 1e-12  # rows, below which a component has none


class Mixture(BaseEstimator):
    """p(x, y) = weight of y times p(x|y).  A kind of mixture gives `log_density`, `update`, `guess` and `check`.

    Attributes:
        weights_: (K,), sum 1, after ``start``.

    Example:
        >>> class Points(Mixture):  # two places on a line, known but for the share of each
        ...     n_components = 2
        ...     def check(self, x): return x
        ...     def guess(self, x, random): pass
        ...     def log_density(self, x): return -(x[:, None] - np.array([0.0, 5.0])) ** 2
        ...     def update(self, x, responsibilities, kept): pass
        >>> from zhnlp.generative.theory.em import EM
        >>> EM(Points()).fit(np.array([0.1, 5.2, 4.9, 5.0])).model_.weights_.round(2).tolist()
        [0.25, 0.75]
    """

    def check(self, x: np.ndarray) -> np.ndarray:
        """x as the model reads it, or a ValueError."""
        raise NotImplementedError

    def guess(self, x: np.ndarray, random: np.random.Generator) -> None:
        """Set first parameters of the components: those given to the model, else drawn."""
        raise NotImplementedError

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """log p(x|y), (n, K)."""
        raise NotImplementedError

    def update(self, x: np.ndarray, responsibilities: np.ndarray, kept: np.ndarray) -> None:
        """Set the parameters of the components of which ``kept`` (K,) is true."""
        raise NotImplementedError

    def start(self, x: np.ndarray, random: np.random.Generator) -> None:
        """First parameters, with equal weights unless the model was given some."""
        given: Any = getattr(self, "weights", None)
        self.guess(x, random)
        count = self.n_components
        self.weights_ = np.full(count, 1 / count) if given is None else np.asarray(given, dtype=float)
        if (
            self.weights_.shape != (count,)
            or (self.weights_ < 0).any()
            or abs(self.weights_.sum() - 1) > 1e-6
        ):
            raise ValueError(f"weights got {given}: expected {count} numbers from 0 with the sum 1")

    def log_joint(self, x: np.ndarray) -> np.ndarray:
        """log p(x, y), (n, K), in nats; −∞ of components with weight 0."""
        with np.errstate(divide="ignore"):
            return np.log(self.weights_) + self.log_density(x)

    def m_step(self, x: np.ndarray, responsibilities: np.ndarray) -> None:
        """Weights are shares of responsibility; a component without any keeps its parameters at weight 0."""
        sizes = responsibilities.sum(0)
        self.weights_ = np.where(sizes > EMPTY, sizes, 0) / sizes[sizes > EMPTY].sum()
        self.update(x, responsibilities, sizes > EMPTY)


def check_components(count: Any) -> int:
    """K, checked."""
    if not isinstance(count, (int, np.integer)) or count < 1:
        raise ValueError(f"n_components got {count!r}: expected a whole number from 1")
    return int(count)


def as_table(x: np.ndarray, components: int, what: str) -> np.ndarray:
    """x as finite floats (n, d) with n ≥ K."""
    table = np.asarray(x, dtype=float)
    if table.ndim != 2 or table.shape[1] == 0:
        raise ValueError(f"x got shape {table.shape}: expected (n, d), {what}")
    bad = int((~np.isfinite(table)).any(1).sum())
    if bad:
        raise ValueError(f"{bad} of {len(table)} rows hold NaN or infinity: expected {what}")
    check_components(components)
    return table


def enough(x: np.ndarray, components: int) -> None:
    """Refuse fewer rows than components."""
    if len(x) < components:
        raise ValueError(f"got {len(x)} rows for {components} components: expected as many rows at least")


def given_or(given: Any, shape: tuple[int, ...], name: str) -> np.ndarray | None:
    """Parameters the user gave, as floats of a shape; None if none."""
    if given is None:
        return None
    values = np.array(given, dtype=float)
    if values.shape != shape:
        raise ValueError(f"{name} got shape {values.shape}: expected {shape}")
    return values
