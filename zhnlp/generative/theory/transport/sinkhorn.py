"""Sinkhorn's algorithm in logarithms, so that a small entropy does not underflow."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.special import logsumexp
from tqdm import tqdm

from zhnlp.generative.theory.transport.kantorovich import check_masses


def sinkhorn(
    a: Any,
    b: Any,
    cost: Any,
    epsilon: float | None = None,
    *,
    tolerance: float = 1e-4,
    max_iterations: int = 5000,
    progress: bool = False,
) -> np.ndarray:
    """The plan (n, m) that minimises Σ Γ c − ε H(Γ), with row sums a and column sums b exactly.

    ε comes down from the largest cost by halves, each start taking the potentials before; what is left of the row sums
    at the end is spread as by Altschuler et al. 2017, so the plan's cost is never below the exact one.

    Args:
        a, b, cost: see `kantorovich_lp`.
        epsilon: > 0, in units of the cost; 0.01 of the mean cost unless given.  Smaller is nearer to exact, and slower.
        tolerance: of the row sums before they are mended, summed, as a share of all mass.
        max_iterations: at the last ε; a warning says if they do not do.
        progress: a bar on stderr.

    Raises:
        ValueError: as `kantorovich_lp`; an ε that is not above 0.

    Example:
        >>> plan = sinkhorn([0.5, 0.5], [0.5, 0.5], [[0.0, 1.0], [1.0, 0.0]], epsilon=0.1)
        >>> plan.round(3).tolist()
        [[0.5, 0.0], [0.0, 0.5]]

    Source: https://kexue.fm/archives/6280; Cuturi 2013
    """
    a, b, cost = check_masses(a, b, cost)
    if epsilon is None:
        epsilon = 0.01 * abs(cost).mean() or 1.0
    if not (epsilon > 0 and np.isfinite(epsilon)):
        raise ValueError(f"epsilon got {epsilon}: expected a number above 0, about 0.01 of the mean cost")
    rows, columns = a > 0, b > 0  # empty ones would be log 0
    plan = np.zeros(cost.shape)
    plan[np.ix_(rows, columns)] = _plan(
        a[rows], b[columns], cost[np.ix_(rows, columns)], epsilon, tolerance, max_iterations, progress
    )
    return plan


def _plan(a, b, cost, epsilon, tolerance, max_iterations, progress) -> np.ndarray:
    log_a, log_b = np.log(a), np.log(b)
    g, error = np.zeros(len(b)), np.inf
    levels = [epsilon]
    while levels[-1] < cost.max() - cost.min():
        levels.append(levels[-1] * 2)
    for level in reversed(levels):
        last = level == epsilon
        steps = range(max_iterations if last else 20)
        for _ in tqdm(steps, desc="sinkhorn", unit="step", disable=not (progress and last)):
            f = level * (log_a - logsumexp((g - cost) / level, axis=1))
            g = level * (log_b - logsumexp((f[:, None] - cost) / level, axis=0))
            plan = np.exp((f[:, None] + g - cost) / level)
            error = abs(plan.sum(1) - a).sum() / a.sum()
            if error <= tolerance:
                break
    if error > tolerance:
        warnings.warn(
            f"Sinkhorn misses {error:.1g} of the mass after {max_iterations} iterations at epsilon {epsilon:.3g}; it is "
            "spread over the plan. Next: raise epsilon or max_iterations",
            stacklevel=3,
        )
    return _exact_sums(plan, a, b)


def _exact_sums(plan: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cut rows and columns that carry too much, and add what they then lack as a product."""
    plan = plan * np.minimum(1, a / plan.sum(1))[:, None]
    plan = plan * np.minimum(1, b / plan.sum(0))
    rows, columns = (a - plan.sum(1)).clip(0), (b - plan.sum(0)).clip(0)
    missing = rows.sum()
    return plan if missing <= 0 else plan + np.outer(rows, columns) / missing
