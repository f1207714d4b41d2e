"""Wright's omega, W(eʸ) with Lambert's W, which torch has not; in the logarithm, where eʸ never overflows."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

STEPS = 12  # Newton doubles the digits: 7 reach float64 from these starts


def log_wright_omega(y: Tensor) -> Tensor:
    """log w of the w that solves w + log w = y; any shape, differentiable as often as wanted.

    W(eʸ) = w, so that log w stays exact where w itself is below the smallest float.  d log w / dy = 1 / (1 + w).

    Args:
        y: real numbers, float32 or float64.

    Example:
        >>> [round(x, 6) for x in log_wright_omega(torch.tensor([1.0, -1000.0])).tolist()]  # W(e) = 1; w ≈ eʸ far to the left
        [0.0, -1000.0]

    Source: https://kexue.fm/archives/6016 (conjugate of the Jeffreys divergence); Corless and Jeffrey 2002
    """
    return _LogWrightOmega.apply(y)


def wright_omega(y: Tensor) -> Tensor:
    """W(eʸ): the w > 0 with w + log w = y.  Any shape, differentiable.

    Example:
        >>> round(wright_omega(torch.tensor(0.0)).item(), 4)  # W(1), the omega constant
        0.5671
    """
    return log_wright_omega(y).exp()


class _LogWrightOmega(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, y: Tensor) -> Tensor:
        x = torch.where(y > 1, y.clamp(min=1).log(), y.clamp(max=1))
        for _ in range(
            STEPS
        ):  # Newton on eˣ + x = y, convex and rising: from the second step on from the right
            rise = x.exp()
            x = x - (rise + x - y) / (rise + 1)
        ctx.save_for_backward(x)
        return x

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return gradient * torch.sigmoid(-x)  # 1 / (1 + w)
