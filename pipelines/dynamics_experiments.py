"""What the table and the plots of `optimizer_dynamics.py` both run."""

from __future__ import annotations

from functools import partial

import torch
from torch.optim import SGD

from zhnlp.generative.theory.dynamics import (
    DoubleWell,
    MiniBatchLoss,
    Quadratic,
    Trajectory,
    gradient_variance,
    optimal_parameters,
    sgd_temperature,
    simulate,
)


def race(method: str) -> Trajectory:
    """With textbook-optimal parameters to a relative error of 1e-6: 20 dimensions, condition number 100."""
    loss = Quadratic(torch.linspace(1, 100, 20))
    return simulate(
        partial(SGD, **optimal_parameters(method, 1, 100)), loss, [1.0] * 20, 2000, tolerance=1e-6
    )


def examples(seed: int) -> torch.Tensor:
    """1,000 numbers of mean 0 and variance 1, (1000, 1)."""
    data = torch.randn(1000, 1, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (data - data.mean()) / data.std(correction=0)


def sgd_at_rest(lr: float, batch_size: int, momentum: float, seed: int) -> torch.Tensor:
    """Where 5,000 runs of SGD on Σ ½ (x - example)² are in the end; (5000, 1)."""
    loss = MiniBatchLoss(lambda x, a: (x - a).square().sum(-1) / 2, examples(seed), batch_size, seed=seed)
    steps = int(4 * (1 - momentum) / lr) + 60
    return simulate(partial(SGD, lr=lr, momentum=momentum), loss, torch.zeros(5000, 1), steps).final


def sgd_on_double_well(seed: int, lr: float = 0.02, batch_size: int = 2):
    """What SGD visits on a double well that each example tilts: points (S, 1), and the temperature by the SDE."""
    loss = MiniBatchLoss(
        lambda x, a: DoubleWell()(x) + 10 * (x * a).sum(-1), examples(seed), batch_size, seed=seed
    )
    temperature = sgd_temperature(lr, gradient_variance(loss, torch.zeros(1)).item(), batch_size)
    starts = torch.tensor([[1.0], [-1.0]]).repeat(1000, 1)
    path = simulate(partial(SGD, lr=lr), loss, starts, 700)
    return path.positions[200::10].reshape(-1, 1), temperature
