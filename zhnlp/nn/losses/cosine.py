"""Cosines for the losses: normalised and multiplied in float32, under autocast too.

In float16 a cosine of 0.9995 is 1 and times 30 it is off by 0.015; the differences that a margin works on are of that size.
"""

from __future__ import annotations

import torch
from torch import Tensor


def cosines(x: Tensor, y: Tensor | None = None) -> Tensor:
    """The cosine of every row of ``x`` with every row of ``y``: (B, N) in [-1, 1] up to rounding, in float32 or float64.

    Args:
        x: (B, D).
        y: (N, D); None for ``x`` itself.

    The cosine with a vector of zeros is 0, and its gradient is finite.

    Raises:
        ValueError: the widths differ, or there are not two dimensions.

    Example:
        >>> cosines(torch.tensor([[3.0, 4.0]]), torch.tensor([[1.0, 0.0], [6.0, 8.0]]))
        tensor([[0.6000, 1.0000]])
    """
    y = x if y is None else y
    if x.ndim != 2 or y.ndim != 2 or x.size(1) != y.size(1):
        raise ValueError(f"got vectors {tuple(x.shape)} and {tuple(y.shape)}: expected (B, D) and (N, D)")
    with torch.autocast(x.device.type, enabled=False):
        first = unit(x)
        return first @ (first if y is x else unit(y)).T


def paired_cosines(x: Tensor, y: Tensor) -> Tensor:
    """The cosine of each row of ``x`` with the same row of ``y``: (P,).

    Args:
        x, y: (P, D).

    Raises:
        ValueError: the shapes differ, or there are not two dimensions.

    Example:
        >>> paired_cosines(torch.eye(2), torch.tensor([[2.0, 0.0], [3.0, 4.0]]))
        tensor([1.0000, 0.8000])
    """
    if x.ndim != 2 or x.shape != y.shape:
        raise ValueError(f"got vectors {tuple(x.shape)} and {tuple(y.shape)}: expected (P, D) twice")
    with torch.autocast(x.device.type, enabled=False):
        return (unit(x) * unit(y)).sum(-1)


def unit(x: Tensor) -> Tensor:
    """``x`` divided by its length over the last dimension, in float32 or float64; zeros stay zeros.

    Example:
        >>> unit(torch.tensor([[3.0, 4.0], [0.0, 0.0]], dtype=torch.float16))
        tensor([[0.6000, 0.8000],
                [0.0000, 0.0000]])
    """
    x = wide(x)
    square = x.square().sum(-1, keepdim=True)
    return x * torch.where(square > 0, square, 1).rsqrt()


def wide(x: Tensor) -> Tensor:
    """``x`` in float32, or in float64 where it is that already.

    Example:
        >>> wide(torch.ones(1, dtype=torch.bfloat16)).dtype
        torch.float32
    """
    return x.to(torch.promote_types(x.dtype, torch.float32))
