"""dx/dt = -∇L(x): what gradient descent follows with Euler steps of length lr."""

from __future__ import annotations

from typing import Any

from zhnlp.generative.theory.dynamics.losses import LossFunction, as_points, evaluate, gradient
from zhnlp.generative.theory.dynamics.ode import integrate, moments
from zhnlp.generative.theory.dynamics.trajectory import Trajectory


def gradient_flow(
    loss_fn: LossFunction, x0: Any, time: float, *, times: Any = None, **solver: Any
) -> Trajectory:
    """The gradient flow from one start (d,) or from N starts (N, d); n steps of lr h arrive near time n h.

    Along it dL/dt = -|∇L|² ≤ 0, so it ends at a critical point, which need not be a minimum.

    Args:
        loss_fn: points (..., d) → losses (...).
        time: how long, > 0.
        times: moments to keep, rising from 0; 201 even ones unless given.
        solver: ``rtol``, ``atol`` and ``method`` of `scipy.integrate.solve_ivp`.

    Raises:
        ValueError: a start or time that cannot be.
        RuntimeError: the flow does not stay finite.

    Example:
        >>> from zhnlp.generative.theory.dynamics import Quadratic
        >>> round(gradient_flow(Quadratic([1.0]), [8.0], time=1.0).final.item(), 4)  # 8 / e
        2.943

    Source: https://kexue.fm/archives/5655
    """
    start, when = as_points(x0), moments(time, times)
    positions = integrate(lambda x: -gradient(loss_fn, x), start, when, **solver)
    return Trajectory(when, positions, evaluate(loss_fn, positions), -gradient(loss_fn, positions))
