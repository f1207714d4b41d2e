"""Momentum as Newton's law with friction, d²x/dt² + λ dx/dt = -∇L, and the parameters that textbooks prove best."""

from __future__ import annotations

import math
from typing import Any

import torch

from zhnlp.generative.theory.dynamics.losses import LossFunction, as_points, evaluate, gradient
from zhnlp.generative.theory.dynamics.ode import integrate, moments
from zhnlp.generative.theory.dynamics.trajectory import Trajectory

METHODS = ("gradient-descent", "heavy-ball", "nesterov")


def from_friction(friction: float, time_step: float) -> dict[str, float]:
    """Options of `torch.optim.SGD` whose steps last ``time_step``: momentum 1 - λh, lr h².

    Raises:
        ValueError: λh is not in [0, 1].

    Example:
        >>> from_friction(friction=1.0, time_step=0.125)
        {'lr': 0.015625, 'momentum': 0.875}
    """
    if not time_step > 0 or not 0 <= friction * time_step <= 1:
        raise ValueError(
            f"friction {friction} over a time step of {time_step} got a momentum of {1 - friction * time_step:g}: "
            "expected one in [0, 1]. Take a shorter time step"
        )
    return {"lr": time_step**2, "momentum": 1 - friction * time_step}


def to_friction(lr: float, momentum: float) -> tuple[float, float]:
    """(friction λ, time step h) of SGD with momentum: h = √lr, λ = (1 - momentum) / h.

    A step of plain gradient descent lasts lr, one with momentum √lr: that is the acceleration.

    Raises:
        ValueError: lr is not above 0, or momentum outside [0, 1].

    Example:
        >>> friction, time_step = to_friction(lr=0.01, momentum=0.9)
        >>> round(friction, 9), time_step
        (1.0, 0.1)
    """
    if not lr > 0 or not 0 <= momentum <= 1:
        raise ValueError(f"got lr {lr} and momentum {momentum}: expected lr > 0 and momentum in [0, 1]")
    return (1 - momentum) / math.sqrt(lr), math.sqrt(lr)


def damped_newton(
    loss_fn: LossFunction, x0: Any, time: float, *, friction: float, times: Any = None, **solver: Any
) -> Trajectory:
    """A ball of mass 1 let go at rest, with friction λ: what momentum follows with steps of length √lr.

    The energy L + |dx/dt|²/2 falls at the rate λ |dx/dt|²; without friction it is conserved.

    Args:
        loss_fn: points (..., d) → losses (...).
        x0: one start (d,) or N starts (N, d).
        time: how long, > 0; n steps of lr γ arrive near time n √γ.
        friction: λ ≥ 0, per unit of time.
        times: moments to keep, rising from 0; 201 even ones unless given.
        solver: ``rtol``, ``atol`` and ``method`` of `scipy.integrate.solve_ivp`.

    Raises:
        ValueError: a start, time or friction that cannot be.
        RuntimeError: the motion does not stay finite.

    Example:
        >>> from zhnlp.generative.theory.dynamics import Quadratic
        >>> path = damped_newton(Quadratic([1.0]), [1.0], time=math.pi, friction=0.0)  # cos t
        >>> round(path.final.item(), 4)
        -1.0

    Source: https://kexue.fm/archives/5655
    """
    if not friction >= 0:
        raise ValueError(f"friction got {friction}: expected 0 or more; below 0 the ball would gain energy")
    start, when = as_points(x0), moments(time, times)

    def field(state):  # (2, ..., d)
        x, velocity = state
        return torch.stack([velocity, -gradient(loss_fn, x) - friction * velocity])

    states = integrate(field, torch.stack([start, torch.zeros_like(start)]), when, **solver)
    return Trajectory(when, states[:, 0], evaluate(loss_fn, states[:, 0]), states[:, 1])


def optimal_parameters(method: str, smallest: float, largest: float) -> dict[str, Any]:
    """Textbook-optimal options of `torch.optim.SGD` for curvatures from ``smallest`` μ to ``largest`` L.

    The error shrinks each step by (κ - 1)/(κ + 1), (√κ - 1)/(√κ + 1) and √(1 - 1/√κ) at worst, κ = L/μ; on a
    quadratic Nesterov's own factor is 1 - 1/√κ.

    Args:
        method: "gradient-descent", lr 2/(L + μ); "heavy-ball" (Polyak), lr 4/(√L + √μ)², momentum the square of its
            factor; "nesterov", lr 1/L, momentum (√κ - 1)/(√κ + 1).
        smallest, largest: 0 < μ ≤ L.

    Raises:
        ValueError: an unknown method, or curvatures out of order.

    Example:
        >>> optimal_parameters("heavy-ball", 1.0, 9.0)
        {'lr': 0.25, 'momentum': 0.25}

    References: Polyak 1964; Nesterov, Introductory Lectures on Convex Optimization, 2.2.
    """
    if not 0 < smallest <= largest:
        raise ValueError(f"curvatures got {smallest} to {largest}: expected 0 < smallest ≤ largest")
    root = math.sqrt(largest / smallest)
    factor = (root - 1) / (root + 1)
    if method == "gradient-descent":
        return {"lr": 2 / (largest + smallest)}
    if method == "heavy-ball":
        return {"lr": 4 / (math.sqrt(largest) + math.sqrt(smallest)) ** 2, "momentum": factor**2}
    if method == "nesterov":
        return {"lr": 1 / largest, "momentum": factor, "nesterov": factor > 0}
    raise ValueError(f"method got {method!r}: expected one of {', '.join(METHODS)}")
