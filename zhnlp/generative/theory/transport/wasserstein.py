"""Wasserstein distances between clouds of points, and the plans that reach them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from zhnlp.generative.theory.transport.kantorovich import check_masses, kantorovich_lp
from zhnlp.generative.theory.transport.sinkhorn import sinkhorn

METHODS = ("exact", "sinkhorn")


@dataclass(frozen=True, eq=False)
class TransportPlan:
    """How one cloud moves onto another.

    Attributes:
        plan: (n, m), mass from x(i) to y(j).
        distance: (Σ plan · ‖x − y‖^p)^(1/p), in units of x.
        p: the exponent.
        solver: who found it: "POT", "assignment" (scipy), "HiGHS" (scipy) or "sinkhorn" (ours).
    """

    plan: np.ndarray
    distance: float
    p: float
    solver: str


def wasserstein(
    x: Any,
    y: Any,
    p: float = 1,
    method: str = "exact",
    *,
    a: Any = None,
    b: Any = None,
    epsilon: float | None = None,
) -> float:
    """W_p, in units of x; `transport_plan` gives the plan with it, and says who solved it.

    Example:
        >>> wasserstein([[0.0], [1.0]], [[5.0], [6.0]])
        5.0

    Source: https://kexue.fm/archives/6280
    """
    return transport_plan(x, y, p, method, a=a, b=b, epsilon=epsilon).distance


def transport_plan(
    x: Any,
    y: Any,
    p: float = 1,
    method: str = "exact",
    *,
    a: Any = None,
    b: Any = None,
    epsilon: float | None = None,
    solver: str | None = None,
) -> TransportPlan:
    """The cheapest plan between points x and y at the cost ‖x − y‖^p (Euclidean).

    Exact plans are POT's where it is installed (extra ``generative``); else scipy's: an assignment where both clouds
    have the same number of points of equal mass, the linear program of `kantorovich_lp` where not.

    Args:
        x, y: (n, d) and (m, d); (n,) is n numbers.
        p: from 1.
        method: "exact", or "sinkhorn", whose distance is an upper bound.
        a, b: masses (n,) and (m,) with one sum; equal ones with the sum 1 unless given.
        epsilon: of `sinkhorn`, in units of the cost.
        solver: of exact plans: "POT", "assignment" or "HiGHS"; the first that can unless given.

    Raises:
        ValueError: other dimensions, NaN, no point, p below 1, an unknown name; an assignment of other than equal masses.
        ImportError: POT was asked for and is not installed.

    Example:
        >>> found = transport_plan([0.0, 1.0], [5.0, 6.0], p=2, solver="assignment")
        >>> found.plan.tolist(), found.distance
        ([[0.5, 0.0], [0.0, 0.5]], 5.0)

    Source: https://kexue.fm/archives/6280
    """
    x, y = _points(x, "x"), _points(y, "y")
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"x has {x.shape[1]} coordinates and y {y.shape[1]}: expected points of one space")
    if not p >= 1:
        raise ValueError(f"p got {p}: expected 1 or more, or W_p is no distance")
    if method not in METHODS:
        raise ValueError(
            f"method got {method!r}: expected {' or '.join(METHODS)}; critics are in zhnlp.generative.gan"
        )
    equal = a is None and b is None and len(x) == len(y)
    a = np.full(len(x), 1 / len(x)) if a is None else a
    b = np.full(len(y), 1 / len(y)) if b is None else b
    a, b, cost = check_masses(a, b, cdist(x, y) ** p)
    if method == "sinkhorn":
        plan, solver = sinkhorn(a, b, cost, epsilon), "sinkhorn"
    else:
        plan, solver = _exact(a, b, cost, equal, solver)
    return TransportPlan(plan, float((plan * cost).sum() ** (1 / p)), p, solver)


def _exact(a, b, cost, equal: bool, solver: str | None) -> tuple[np.ndarray, str]:
    if solver is None:
        solver = "POT" if find_spec("ot") else "assignment" if equal else "HiGHS"
    if solver == "POT":
        try:
            import ot
        except ImportError as error:
            raise ImportError(
                'POT is not installed: pip install "zhnlp[generative]", or leave solver to us'
            ) from error
        return ot.emd(a, b, cost, numItermax=10_000_000), solver
    if solver == "assignment":
        if not equal:
            raise ValueError(
                f"an assignment got {len(a)} and {len(b)} points: expected as many of each, all of the same mass"
            )
        plan = np.zeros(cost.shape)
        plan[linear_sum_assignment(cost)] = a[0]
        return plan, solver
    if solver == "HiGHS":
        return kantorovich_lp(a, b, cost).plan, solver
    raise ValueError(f"solver got {solver!r}: expected POT, assignment or HiGHS")


def _points(points: Any, name: str) -> np.ndarray:
    points = np.asarray(points, dtype=float)
    points = points[:, None] if points.ndim == 1 else points
    if points.ndim != 2 or 0 in points.shape:
        raise ValueError(f"{name} got shape {points.shape}: expected (n, d), one point or more")
    if not np.isfinite(points).all():
        bad = int((~np.isfinite(points)).any(1).sum())
        raise ValueError(f"{bad} of {len(points)} points of {name} hold NaN or infinity")
    return points
