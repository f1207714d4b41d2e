"""Why dividing each coordinate by a positive number still descends, and how far such a step can go."""

from __future__ import annotations

import math
from typing import Any

import torch

from zhnlp.generative.theory.dynamics.losses import LossFunction, as_points, evaluate, gradient
from zhnlp.generative.theory.dynamics.ode import integrate, moments
from zhnlp.generative.theory.dynamics.trajectory import Trajectory


def adaptive_flow(
    loss_fn: LossFunction,
    x0: Any,
    time: float,
    *,
    memory: float = 0.0,
    epsilon: float = 1e-8,
    times: Any = None,
    **solver: Any,
) -> Trajectory:
    """dx/dt = -g/√(G + ε) in each coordinate, with G = g² (sign flow) or G its mean over the last ``memory``.

    RMSprop with lr h and ρ = 1 - h/memory follows it with Euler steps of length h.  It descends, since
    dL/dt = -Σ g²/√(G + ε) ≤ 0.  The sign flow goes at speed 1 along each axis whatever the scale of the loss; the mean
    in time keeps discrete steps from jumping to and fro where the sign changes.

    Args:
        loss_fn: points (..., d) → losses (...).
        x0: one start (d,) or N starts (N, d).
        time: how long, > 0; n steps of lr h arrive near time n h.
        memory: τ ≥ 0 in dG/dt = (g² - G)/τ, G(0) = g(0)²; 0 for G = g².
        epsilon: ε > 0, in units of g²; rounds the corner at g = 0.
        times: moments to keep, rising from 0; 201 even ones unless given.
        solver: ``rtol``, ``atol`` and ``method`` of `scipy.integrate.solve_ivp`.

    Raises:
        ValueError: a start, time, memory or epsilon that cannot be.

    Example:
        >>> from zhnlp.generative.theory.dynamics import Quadratic
        >>> path = adaptive_flow(Quadratic([1.0, 10_000.0]), [1.0, 1.0], time=0.75)
        >>> path.final.round(decimals=4).tolist()  # both at speed 1
        [0.25, 0.25]

    Source: https://kexue.fm/archives/6234
    """
    if not memory >= 0 or not epsilon > 0:
        raise ValueError(f"got memory {memory} and epsilon {epsilon}: expected memory ≥ 0 and epsilon > 0")
    start, when = as_points(x0), moments(time, times)

    def velocity(x, mean_square):
        slope = gradient(loss_fn, x)
        return -slope / ((slope.square() if memory == 0 else mean_square) + epsilon).sqrt()

    def field(state):  # (2, ..., d)
        x, mean_square = state
        change = (gradient(loss_fn, x).square() - mean_square) / memory if memory else torch.zeros_like(x)
        return torch.stack([velocity(x, mean_square), change])

    states = integrate(field, torch.stack([start, gradient(loss_fn, start).square()]), when, **solver)
    positions = states[:, 0]
    return Trajectory(when, positions, evaluate(loss_fn, positions), velocity(positions, states[:, 1]))


def adam_step_bound(betas: tuple[float, float] = (0.9, 0.999), step: int | None = None) -> float:
    """The longest step that Adam can make along a coordinate, in units of lr, whatever the gradients were.

    By Cauchy and Schwarz |m̂|/√v̂ ≤ c(t) √Σ (β₁²/β₂)^k, k < t, with c(t) from the bias corrections: 1 at the first step,
    7.27 in the limit with the usual betas, reached when gradients grow by β₂/β₁ a step.  Where they keep their
    scale it stays near 1, and that is why lr can be read as a length.

    Args:
        betas: β₁ and β₂ in [0, 1), β₁² < β₂.
        step: t ≥ 1, or None for the limit.

    Raises:
        ValueError: betas for which steps have no bound.

    Example:
        >>> round(adam_step_bound(step=1), 2), round(adam_step_bound(), 2)
        (1.0, 7.27)

    References: arXiv 1412.6980, section 2.1, bounds the step by (1 - β₁)/√(1 - β₂) = 3.16 for one lone gradient.
    """
    beta1, beta2 = betas
    if not 0 <= beta1 < 1 or not 0 <= beta2 < 1 or beta1**2 >= beta2:
        raise ValueError(f"betas got {betas}: expected both in [0, 1) and β₁² < β₂, or a step has no bound")
    if step is not None and step < 1:
        raise ValueError(f"step got {step}: expected 1 or more")
    ratio, past = beta1**2 / beta2, math.inf if step is None else step
    total = (1 - ratio**past) / (1 - ratio)
    correction = math.sqrt(1 - beta2**past) / (1 - beta1**past)
    return (1 - beta1) / math.sqrt(1 - beta2) * correction * math.sqrt(total)


def rmsprop_step_bound(alpha: float = 0.99) -> float:
    """The longest step that RMSprop can make along a coordinate, in units of lr: 1/√(1 - ρ), as its first step is.

    Raises:
        ValueError: ``alpha``, the post's ρ, is outside [0, 1).

    Example:
        >>> round(rmsprop_step_bound(0.99), 6)
        10.0
    """
    if not 0 <= alpha < 1:
        raise ValueError(f"alpha got {alpha}: expected a number in [0, 1)")
    return 1 / math.sqrt(1 - alpha)
