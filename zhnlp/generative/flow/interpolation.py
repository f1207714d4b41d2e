"""Ways between points of a normal latent space that keep to where its mass is."""

from __future__ import annotations

import torch
from torch import Tensor


def mix(points: Tensor, weights: Tensor) -> Tensor:
    """Weighted means of points whose length is the weighted mean of their lengths.

    The plain mean of two normal rows is shorter than any normal row, and decodes to something greyer than data.

    Args:
        points: (K, D).
        weights: (N, K), rows that add up to 1.

    Returns:
        (N, D); K opposite points whose mean is 0 stay at 0.

    Example:
        >>> mix(torch.tensor([[2.0, 0.0], [0.0, 2.0]]), torch.tensor([[0.5, 0.5]])).norm().round(decimals=4)
        tensor(2.)
    """
    mean = weights @ points
    length = weights @ points.norm(dim=-1, keepdim=True)
    return mean * length / mean.norm(dim=-1, keepdim=True).clamp_min(1e-12)


def line_weights(steps: int) -> Tensor:
    """(steps, 2): from the first of two points to the second, both ends included.

    Example:
        >>> line_weights(3).tolist()
        [[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]
    """
    second = torch.linspace(0, 1, steps)
    return torch.stack([1 - second, second], 1)


def square_weights(steps: int) -> Tensor:
    """(steps², 4), row by row: a square with four points at its corners (top left, top right, bottom left, bottom right).

    Example:
        >>> square_weights(3)[4].tolist()  # its middle
        [0.25, 0.25, 0.25, 0.25]
    """
    side = line_weights(steps)
    return torch.einsum("ra,cb->rcab", side, side).reshape(steps * steps, 4)
