"""Run any torch optimizer on a loss of few coordinates and keep every step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from tqdm import tqdm

from zhnlp.generative.theory.dynamics.losses import LossFunction, as_points, evaluate
from zhnlp.generative.theory.dynamics.trajectory import Trajectory

# Their update of a coordinate depends on that coordinate alone, so N starts can be one parameter.
ELEMENTWISE = (
    torch.optim.SGD,
    torch.optim.Adam,
    torch.optim.AdamW,
    torch.optim.RMSprop,
    torch.optim.Adagrad,
    torch.optim.Adadelta,
    torch.optim.Adamax,
    torch.optim.NAdam,
    torch.optim.RAdam,
    torch.optim.Rprop,
    torch.optim.ASGD,
)


def simulate(
    optimizer_factory: Callable[[Sequence[Tensor]], Optimizer],
    loss_fn: LossFunction,
    x0: Any,
    steps: int,
    *,
    tolerance: float | None = None,
    minima: Any = None,
    progress: bool = False,
) -> Trajectory:
    """The path of an optimizer from one start (d,), or from N starts (N, d) that do not feel each other.

    Args:
        optimizer_factory: called with a list of parameters; gives any torch optimizer, also one with a closure (LBFGS).
            An optimizer class does, as does ``partial(torch.optim.SGD, lr=0.1)``.
        loss_fn: points (..., d) → losses (...); called once a step (LBFGS: as often as it asks), so a
            `MiniBatchLoss` draws one batch a step.
        steps: how many at most, ≥ 1.
        tolerance: stop when each start is that near to its nearest minimum, relative to the distance it began with
            (a number in (0, 1)); None goes all the way.
        minima: (d,) or (M, d), for ``tolerance``; unless given, ``loss_fn.minima``.
        progress: a bar on stderr.

    A start whose loss becomes infinite or NaN is marked in ``diverged``; when no start is left, the run ends.
    With ``nesterov=True``, torch's positions are the points at which the gradient is taken.

    Raises:
        ValueError: a start, loss, number of steps or tolerance that cannot be; a tolerance without known minima.

    Example:
        >>> from functools import partial
        >>> from zhnlp.generative.theory.dynamics import Quadratic
        >>> path = simulate(partial(torch.optim.SGD, lr=0.5), Quadratic([1.0]), [8.0], steps=3)
        >>> path.positions[:, 0].tolist(), path.velocities[:, 0].tolist()
        ([8.0, 4.0, 2.0, 1.0], [0.0, -4.0, -2.0, -1.0])

    Source: https://kexue.fm/archives/5655
    """
    start = as_points(x0)
    if steps < 1:
        raise ValueError(f"steps got {steps}: expected 1 or more")
    distance = None if tolerance is None else _distance_to(minima, loss_fn, start, tolerance)
    systems = _systems(optimizer_factory, start)
    parameters = [parameter for parameter, _ in systems]

    def points() -> Tensor:
        whole = parameters[0] if parameters[0].ndim == start.ndim else torch.stack(parameters)
        return whole.detach().clone()

    positions, losses = [start], []
    iterations = torch.full(start.shape[:-1], -1)
    first = None if distance is None else distance(start)
    if distance is not None:
        iterations[first == 0] = 0
    diverged = torch.zeros(start.shape[:-1], dtype=torch.bool)
    for step in tqdm(range(1, steps + 1), desc="simulate", unit="step", disable=not progress):
        if (diverged | (iterations >= 0)).all():
            break
        losses.append(
            torch.cat([_advance(system, loss_fn).reshape(-1) for system in systems]).view(start.shape[:-1])
        )
        here = points()
        positions.append(here)
        diverged |= ~(losses[-1].isfinite() & here.isfinite().all(-1))
        if distance is not None:
            iterations[(iterations < 0) & (distance(here) <= tolerance * first)] = step
    losses.append(evaluate(loss_fn, positions[-1]).detach())
    diverged |= ~losses[-1].isfinite()
    path = torch.stack(positions)
    velocities = torch.diff(path, dim=0, prepend=path[:1])
    return Trajectory(
        torch.arange(len(path), dtype=torch.float64),
        path,
        torch.stack(losses),
        velocities,
        None if distance is None else iterations,
        diverged,
    )


def _systems(factory, start: Tensor) -> list[tuple[Tensor, Optimizer]]:
    """A parameter and its optimizer: one of all starts where the update is elementwise, else one of each start."""
    whole = torch.nn.Parameter(start.clone())
    optimizer = factory([whole])
    if not hasattr(optimizer, "step"):
        raise TypeError(
            f"optimizer_factory gave {type(optimizer).__name__}: expected a torch optimizer made from the parameters "
            "it is called with, as partial(torch.optim.SGD, lr=0.1) does"
        )
    if start.ndim == 1 or type(optimizer) in ELEMENTWISE:
        return [(whole, optimizer)]
    each = [torch.nn.Parameter(row.clone()) for row in start]
    return [(parameter, factory([parameter])) for parameter in each]


def _advance(system: tuple[Tensor, Optimizer], loss_fn: LossFunction) -> Tensor:
    """One step; the losses before it."""
    parameter, optimizer = system
    seen = []

    def closure() -> Tensor:
        optimizer.zero_grad()
        losses = evaluate(loss_fn, parameter)
        losses.sum().backward()
        seen.append(losses.detach())
        return losses.sum().detach()

    if isinstance(optimizer, torch.optim.LBFGS):
        optimizer.step(closure)
    else:
        closure()
        optimizer.step()
    return seen[0]


def _distance_to(minima: Any, loss_fn: LossFunction, start: Tensor, tolerance: float):
    """A function: points (..., d) → distance to the nearest minimum (...)."""
    if not 0 < tolerance < 1:
        raise ValueError(
            f"tolerance got {tolerance}: expected a share of the first distance, between 0 and 1"
        )
    minima = getattr(loss_fn, "minima", None) if minima is None else minima
    if minima is None:
        raise ValueError(
            "tolerance needs to know where to stop, and this loss_fn has no minima: pass minima=[…]"
        )
    minima = torch.atleast_2d(torch.as_tensor(minima, dtype=torch.float64))
    if minima.shape[-1] != start.shape[-1]:
        raise ValueError(
            f"minima got {minima.shape[-1]} coordinates and x0 {start.shape[-1]}: expected the same number"
        )
    return lambda points: torch.linalg.vector_norm(points[..., None, :] - minima, dim=-1).amin(-1)
