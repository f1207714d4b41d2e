"""Pixels take a few values, densities want real numbers: uniform noise fills the gaps, and the bound is kept honest.

Source: Theis, van den Oord and Bethge 2016, arXiv 1511.01844
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def dequantise(x: Tensor, levels: int, *, noise: Tensor | None = None) -> Tensor:
    """Values k / (levels − 1) of [0, 1] → (k + u) / levels, u uniform on [0, 1): the result lies in [0, 1).

    Args:
        x: in [0, 1], on the grid of ``levels`` values (to 1e-3 of a step).
        levels: 2 or more; 17 for scikit-learn's digits, 256 for bytes.
        noise: u, as x; drawn from torch's global generator unless given.

    Raises:
        ValueError: values off the grid.

    Example:
        >>> dequantise(torch.tensor([0.0, 0.5, 1.0]), 3, noise=torch.full((3,), 0.5)).tolist()
        [0.1666..., 0.5, 0.8333...]
    """
    steps = x * (levels - 1)
    index = steps.round()
    off = (steps - index).abs().max().item() if x.numel() else 0.0
    if not off < 0.02 or index.min() < 0 or index.max() > levels - 1:
        raise ValueError(
            f"values of {x.min().item():.4g} … {x.max().item():.4g} are not k / {levels - 1}, k = 0 … {levels - 1} "
            f"(one is {off:.2g} of a step away): expected data of {levels} levels, scaled to [0, 1]. "
            "Next: levels=256 for bytes / 255, 17 for digits / 16, None for real numbers"
        )
    return (index + (torch.rand_like(x) if noise is None else noise)) / levels


def quantise(y: Tensor, levels: int) -> Tensor:
    """The value k / (levels − 1) whose cell y lies in; what lies outside [0, 1) goes to the nearest cell.

    Example:
        >>> quantise(torch.tensor([-0.3, 0.4, 1.7]), 3).tolist()
        [0.0, 0.5, 1.0]
    """
    return (y * levels).floor().clamp(0, levels - 1) / (levels - 1)


def bits_per_dimension(log_prob: Tensor | float, dimensions: int) -> Tensor | float:
    """−log p / (D ln 2) of log-probabilities in nats; uniform noise over 2^b levels has b.

    Example:
        >>> bits_per_dimension(64 * math.log(1 / 16), 64)
        4.0
    """
    return -log_prob / (dimensions * math.log(2))
