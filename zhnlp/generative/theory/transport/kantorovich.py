"""Kantorovich's linear program: the cheapest way to carry one distribution into another, and the prices that prove it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog


@dataclass(frozen=True, eq=False)
class TransportLP:
    """A plan and its proof: ``primal`` is what the plan costs, no plan costs less than ``dual``.

    Attributes:
        plan: (n, m), mass from i to j.
        source_potential: f, (n,).
        target_potential: g, (m,), with f(i) + g(j) ≤ cost(i, j) everywhere.
        primal: Σ plan · cost.
        dual: Σ a f + Σ b g.
        potential: (n,), of a metric cost only: f with f(i) − f(j) ≤ cost(i, j); None of other costs.
        dual_metric: Σ f (a − b) of it, equal to the others (Kantorovich and Rubinstein); None of other costs.
    """

    plan: np.ndarray
    source_potential: np.ndarray
    target_potential: np.ndarray
    primal: float
    dual: float
    potential: np.ndarray | None
    dual_metric: float | None

    @property
    def gap(self) -> float:
        """primal − dual: 0 but for rounding."""
        return self.primal - self.dual


def kantorovich_lp(a: Any, b: Any, cost: Any) -> TransportLP:
    """Solve min Σ Γ c over Γ ≥ 0 with row sums a and column sums b, and its dual, by the simplex method of HiGHS.

    Where the cost is a metric between the points of one set, the two potentials melt into one: with
    f(x) = min_j (c(x, j) − g(j)), which is 1-Lipschitz, −f is no worse than g.

    Args:
        a: (n,), masses ≥ 0.
        b: (m,), masses with the same sum.
        cost: (n, m), finite; some thousands of cells take seconds, a million minutes.

    Masses below 1e-10 of the whole may be left where they are, which is all that the gap then holds.

    Raises:
        ValueError: masses below 0, NaN, sums that differ, a cost of another shape.
        RuntimeError: the solver gave up.

    Example:
        >>> place = np.array([0.0, 1.0, 3.0])
        >>> found = kantorovich_lp([1, 0, 0], [0, 0.5, 0.5], abs(place[:, None] - place))
        >>> found.primal, abs(found.gap) < 1e-9, round(found.dual_metric, 9)
        (2.0, True, 2.0)

    Source: https://kexue.fm/archives/6280
    """
    a, b, cost = check_masses(a, b, cost)
    n, m = cost.shape
    sums = sparse.vstack(
        [sparse.kron(sparse.eye(n), np.ones((1, m))), sparse.kron(np.ones((1, n)), sparse.eye(m))]
    )
    needed = np.delete(np.arange(n + m), n + b.argmax())  # the last sum follows, and would only be in the way
    mass, unit = a.sum(), abs(cost).max() or 1.0  # the solver's tolerances are of numbers about 1
    found = linprog(
        cost.ravel() / unit,
        A_eq=sums.tocsr()[needed],
        b_eq=np.concatenate([a, b])[needed] / mass,
        method="highs-ds",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if not found.success:
        raise RuntimeError(
            f"HiGHS gave up on a transport of {n} × {m}: {found.message} Likely masses or costs are of very "
            "different sizes. Next: scale the cost to about 1"
        )
    plan = found.x.reshape(n, m).clip(0) * mass
    prices = np.zeros(n + m)
    prices[needed] = found.eqlin.marginals * unit
    target = prices[n:]
    source = (cost - target).min(1)  # exactly feasible, and never worse
    target = (cost - source[:, None]).min(0)
    potential = metric = None
    if is_metric(cost):
        potential = (cost - target).min(1)
        metric = float(potential @ (a - b))
    return TransportLP(
        plan, source, target, float((plan * cost).sum()), float(a @ source + b @ target), potential, metric
    )


def is_metric(cost: Any) -> bool:
    """Whether an (n, n) cost is a distance between n points: 0 on the diagonal, symmetric, no way round is shorter.

    Example:
        >>> place = np.array([0.0, 1.0, 3.0])
        >>> is_metric(abs(place[:, None] - place)), is_metric((place[:, None] - place) ** 2)
        (True, False)
    """
    cost = np.asarray(cost, dtype=float)
    if cost.ndim != 2 or cost.shape[0] != cost.shape[1]:
        return False
    slack = 1e-12 * max(1.0, abs(cost).max())
    if abs(cost - cost.T).max() > slack or abs(np.diag(cost)).max() > slack or cost.min() < -slack:
        return False
    return all((cost <= through[:, None] + through + slack).all() for through in cost)


def check_masses(a: Any, b: Any, cost: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Masses and cost as floats, checked; b is scaled to the sum of a, whose last digits it may miss."""
    a, b, cost = (np.asarray(values, dtype=float) for values in (a, b, cost))
    if a.ndim != 1 or b.ndim != 1 or cost.shape != (len(a), len(b)) or 0 in cost.shape:
        raise ValueError(
            f"got a of shape {a.shape}, b {b.shape} and cost {cost.shape}: expected (n,), (m,) and (n, m)"
        )
    for name, values in {"a": a, "b": b, "cost": cost}.items():
        if not np.isfinite(values).all():
            raise ValueError(f"{name} holds NaN or infinity: expected finite numbers")
        if name != "cost" and values.min() < 0:
            raise ValueError(f"{name} has a mass of {values.min():g}: expected masses from 0")
    if a.sum() <= 0 or abs(a.sum() - b.sum()) > 1e-6 * a.sum():
        raise ValueError(
            f"a has the sum {a.sum():g} and b {b.sum():g}: expected the same above 0. Next: divide each by its sum"
        )
    return a, b * (a.sum() / b.sum()), cost
