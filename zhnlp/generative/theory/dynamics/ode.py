"""Ordinary differential equations of torch fields, solved by scipy: the continuous side of an optimizer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from scipy.integrate import solve_ivp
from torch import Tensor

EXPLODED = 1e6  # times as far from the origin as the start


def integrate(
    field: Callable[[Tensor], Tensor],
    start: Tensor,
    times: Tensor,
    *,
    rtol: float = 1e-9,
    atol: float = 1e-12,
    method: str = "LSODA",
) -> Tensor:
    """The states of dy/dt = field(y) at rising times; (T + 1, *start.shape).

    Args:
        field: state → its derivative, same shape.
        start: the state at times[0], float64, any shape.
        times: (T + 1,), rising.
        rtol, atol, method: of `scipy.integrate.solve_ivp`; LSODA takes stiff equations too.

    Raises:
        RuntimeError: a solution explodes, or the solver gives up.

    Example:
        >>> states = integrate(lambda y: -y, torch.tensor([1.0], dtype=torch.float64), torch.tensor([0.0, 1.0]))
        >>> round(states[-1].item(), 6)
        0.367879
    """
    shape = start.shape
    farthest = EXPLODED * (1 + start.abs().max().item())

    def derivative(when: float, flat: np.ndarray) -> np.ndarray:
        if not np.abs(flat).max() <= farthest:  # the solver itself would creep up to the pole for ever
            raise RuntimeError(
                f"the flow exploded near time {when:g} of {moments[-1]:g}: expected one that stays finite. "
                "Likely a loss without a lower bound; try a shorter time"
            )
        return field(torch.from_numpy(flat.copy()).view(shape)).reshape(-1).numpy()

    moments = times.double().numpy()
    solution = solve_ivp(
        derivative,
        (moments[0], moments[-1]),
        start.reshape(-1).double().numpy(),
        method=method,
        t_eval=moments,
        rtol=rtol,
        atol=atol,
    )
    if not solution.success:
        raise RuntimeError(
            f"the solver stopped before time {moments[-1]:g} ({solution.message}): expected a smooth flow. "
            "Likely a corner in the loss; try method='Radau' or a larger rtol"
        )
    return torch.from_numpy(solution.y.T.copy()).view(len(moments), *shape)


def moments(time: float, times: Sequence[float] | Tensor | Any = None, *, count: int = 201) -> Tensor:
    """Moments from 0 to ``time``, (T + 1,): those given, or ``count`` evenly spaced ones."""
    if not time > 0:
        raise ValueError(f"time got {time}: expected a length of time above 0")
    if times is None:
        return torch.linspace(0, time, count, dtype=torch.float64)
    times = torch.as_tensor(times, dtype=torch.float64)
    if times.ndim != 1 or len(times) < 2 or times[0] != 0 or not (times.diff() > 0).all() or times[-1] > time:
        raise ValueError(
            f"times got {times.tolist()[:6]}…: expected rising moments from 0 to at most {time:g}"
        )
    return times
