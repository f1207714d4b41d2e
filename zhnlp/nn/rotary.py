"""Rotary position embedding: a pair of features turns by an angle that grows with the position.

B batch, L positions, H heads, d features a head; feature i is paired with feature i + d/2.

Source: 苏剑林, https://kexue.fm/archives/8265; Su et al. 2021, https://arxiv.org/abs/2104.09864
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def rotary_angles(
    positions: int, size: int, *, base: float = 10000.0, device: Any = None
) -> tuple[Tensor, Tensor]:
    """Cosines and sines of the angles, each (L, d): position times base^(-2i/d), repeated for both halves.

    Raises:
        ValueError: ``size`` is odd.

    Example:
        >>> cos, sin = rotary_angles(2, 4)
        >>> [round(value, 4) for value in sin[1].tolist()]
        [0.8415, 0.01, 0.8415, 0.01]
    """
    if size % 2:
        raise ValueError(f"a head has {size} features: expected an even number, they turn in pairs")
    frequency = base ** (torch.arange(0, size, 2, dtype=torch.float64, device=device) / -size)
    angle = torch.outer(torch.arange(positions, dtype=torch.float64, device=device), frequency).repeat(1, 2)
    return angle.cos().float(), angle.sin().float()


def turn(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn the pairs of ``x`` (…, d) by the angles; ``cos`` and ``sin`` broadcast against it.

    Two passes over memory forward and two backward, where the usual form with concatenations takes more (see
    ``benchmarks/training_kernels.py``).

    Example:
        >>> x = torch.tensor([1.0, 0.0])
        >>> turn(x, torch.tensor([0.0, 0.0]), torch.tensor([1.0, 1.0])).tolist()
        [0.0, 1.0]
    """
    return _Turn.apply(x, cos, sin)


class _Turn(torch.autograd.Function):
    """A rotation, whose gradient is the rotation back."""

    @staticmethod
    def forward(ctx, x, cos, sin):
        ctx.save_for_backward(cos, sin)
        return _turned(x, cos, sin)

    @staticmethod
    def backward(ctx, gradient):
        cos, sin = ctx.saved_tensors
        return _Turn.apply(gradient, cos, -sin), None, None


def _turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    half = x.shape[-1] // 2
    out = x * cos
    out[..., :half].addcmul_(x[..., half:], sin[..., :half], value=-1)
    out[..., half:].addcmul_(x[..., :half], sin[..., half:])
    return out
