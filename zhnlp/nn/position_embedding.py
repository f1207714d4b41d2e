"""Positions as sines and cosines, to be added to features or put beside them.

Source: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762; 苏剑林, https://kexue.fm/archives/5409 (beside them)
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def sinusoidal_positions(length: int, size: int, *, base: float = 10000.0, device: Any = None) -> Tensor:
    """(L, D) float32: feature 2i of position p is sin(p · base^(-2i/D)), feature 2i + 1 its cosine.

    Raises:
        ValueError: ``size`` is odd.

    Example:
        >>> [round(value, 4) for value in sinusoidal_positions(2, 4)[1].tolist()]
        [0.8415, 0.5403, 0.01, 0.9999]
    """
    if size % 2:
        raise ValueError(f"size={size} is odd: expected an even number, sines and cosines come in pairs")
    frequency = base ** (torch.arange(0, size, 2, dtype=torch.float64, device=device) / -size)
    angle = torch.outer(torch.arange(length, dtype=torch.float64, device=device), frequency)  # (L, D / 2)
    return torch.stack((angle.sin(), angle.cos()), -1).flatten(1).float()
