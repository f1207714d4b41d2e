"""The noise of mini-batches read as a temperature: T = lr · (variance of one example's gradient) / (2 · batch size)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from zhnlp.generative.theory.dynamics.losses import evaluate


class MiniBatchLoss:
    """The mean loss of a batch, drawn anew with replacement at each call and for each point: SGD's own noise.

    Args:
        example_loss: points (..., 1, d) and examples (..., B, f) → losses (..., B).
        data: (examples, f).
        batch_size: B ≥ 1.
        seed: of the draws.

    Raises:
        ValueError: no data, or a batch size below 1.

    Example:
        >>> loss = MiniBatchLoss(lambda x, a: ((x - a) ** 2).sum(-1) / 2, [[1.0], [3.0]], batch_size=1)
        >>> loss.full(torch.tensor([2.0])).item(), loss(torch.tensor([2.0])).item()  # 1 and 3 are as far
        (0.5, 0.5)
    """

    def __init__(
        self, example_loss: Callable[[Tensor, Tensor], Tensor], data: Any, batch_size: int, *, seed: int = 0
    ):
        self.data = torch.as_tensor(data, dtype=torch.float64)
        if self.data.ndim != 2 or not len(self.data):
            raise ValueError(
                f"data got shape {tuple(self.data.shape)}: expected (examples, features), one or more"
            )
        if batch_size < 1:
            raise ValueError(f"batch_size got {batch_size}: expected 1 or more")
        self.example_loss, self.batch_size = example_loss, batch_size
        self.random = torch.Generator().manual_seed(seed)

    def __call__(self, x: Tensor) -> Tensor:  # (..., d) → (...)
        drawn = torch.randint(len(self.data), (*x.shape[:-1], self.batch_size), generator=self.random)
        return self.example_loss(x[..., None, :], self.data[drawn]).mean(-1)

    def full(self, x: Tensor) -> Tensor:
        """The mean loss over all data, (..., d) → (...)."""
        return self.example_loss(x[..., None, :], self.data).mean(-1)


def gradient_variance(loss: MiniBatchLoss, x: Tensor) -> Tensor:
    """Covariance (d, d) over the examples of the gradient of one example at a point (d,).

    Example:
        >>> loss = MiniBatchLoss(lambda x, a: ((x - a) ** 2).sum(-1) / 2, [[1.0], [3.0]], batch_size=1)
        >>> gradient_variance(loss, torch.tensor([0.0])).item()
        1.0
    """
    each = x.detach().double().expand(len(loss.data), 1, -1).clone().requires_grad_()
    losses = evaluate(lambda points: loss.example_loss(points, loss.data[:, None]), each)
    (slopes,) = torch.autograd.grad(losses.sum(), each)
    return torch.cov(slopes[:, 0].mT, correction=0).reshape(x.shape[-1], x.shape[-1])


def sgd_temperature(lr: float, variance: float, batch_size: int, momentum: float = 0.0) -> float:
    """T of the SDE that SGD follows for small lr: lr · variance / (2 · batch size · (1 - momentum)).

    A batch gradient is ∇L plus noise of variance/B; a step of lr h adds noise of h² variance/B, where
    dx = -∇L dt + σ dB adds σ² h.  So σ² = h variance/B, and T = σ²/2.

    Args:
        lr: h > 0.
        variance: of the gradient of one example along a coordinate, ≥ 0.
        batch_size: B ≥ 1, drawn with replacement.
        momentum: in [0, 1), of `torch.optim.SGD`.

    Raises:
        ValueError: a number out of range.

    Example:
        >>> sgd_temperature(lr=0.1, variance=4.0, batch_size=2), sgd_temperature(lr=0.2, variance=4.0, batch_size=4)
        (0.1, 0.1)

    Source: https://kexue.fm/archives/5655; with momentum arXiv 1704.04289
    """
    if not lr > 0 or not variance >= 0 or batch_size < 1 or not 0 <= momentum < 1:
        raise ValueError(
            f"got lr={lr}, variance={variance}, batch_size={batch_size}, momentum={momentum}: expected lr > 0, "
            "variance ≥ 0, batch_size ≥ 1 and momentum in [0, 1)"
        )
    return lr * variance / (2 * batch_size * (1 - momentum))


def stationary_variance(
    lr: float, curvature: float, variance: float, batch_size: int, momentum: float = 0.0
) -> float:
    """Exact variance of the position that SGD ends with on a loss of constant curvature and noise, at any stable lr.

    It is T / curvature times (1 + β) / (1 + β - lr · curvature / 2), so T / curvature for small lr.

    Raises:
        ValueError: a number out of range, or an lr at which SGD is not stable: 2 (1 + β) / curvature or more.

    Example:
        >>> round(stationary_variance(lr=1.0, curvature=1.0, variance=4.0, batch_size=1), 9)  # x = the last example
        4.0
    """
    temperature = sgd_temperature(lr, variance, batch_size, momentum)
    if not curvature > 0 or lr * curvature >= 2 * (1 + momentum):
        raise ValueError(
            f"lr {lr} at curvature {curvature} got an SGD that diverges or does not come to rest: expected "
            f"lr · curvature between 0 and {2 * (1 + momentum):g}"
        )
    return temperature / curvature * (1 + momentum) / (1 + momentum - lr * curvature / 2)
