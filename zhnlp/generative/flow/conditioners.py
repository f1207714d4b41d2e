"""The networks inside couplings and splits: any function of one half may move the other.  Their last layer starts at 0."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

Conditioner = Callable[[int, int], nn.Module]
"""(channels in, channels out) → network."""


def starting_at_zero(layer: nn.Module) -> nn.Module:
    """The layer with weights and bias 0."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def mlp(inputs: int, outputs: int, *, hidden: int = 128, depth: int = 2) -> nn.Sequential:
    """Rows (B, inputs) → (B, outputs): ``depth`` layers of ``hidden`` SiLU units and a linear one of zeros.

    Example:
        >>> import torch
        >>> mlp(3, 2)(torch.randn(4, 3)).abs().sum().item()
        0.0
    """
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers += [nn.Linear(inputs, hidden), nn.SiLU()]
        inputs = hidden
    return nn.Sequential(*layers, starting_at_zero(nn.Linear(inputs, outputs)))


def convolutions(inputs: int, outputs: int, *, hidden: int = 64) -> nn.Sequential:
    """Images (B, inputs, H, W) → (B, outputs, H, W): 3×3, 1×1, and 3×3 of zeros, as in Glow.

    Example:
        >>> import torch
        >>> convolutions(3, 2)(torch.randn(4, 3, 8, 8)).shape
        torch.Size([4, 2, 8, 8])
    """
    return nn.Sequential(
        nn.Conv2d(inputs, hidden, 3, padding=1),
        nn.SiLU(),
        nn.Conv2d(hidden, hidden, 1),
        nn.SiLU(),
        starting_at_zero(nn.Conv2d(hidden, outputs, 3, padding=1)),
    )
