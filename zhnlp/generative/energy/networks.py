"""Networks that give an energy, one number for each example; smooth, since Langevin follows their slope."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

PRESETS = ("mlp", "conv")


class EnergyNetwork(nn.Module):
    """(B, *shape) → (B,).

    Args:
        shape: of one example; (C, H, W) for "conv".
        preset: "mlp" (``depth`` layers of ``hidden`` SiLU units) or "conv" (3×3 convolutions of ``hidden``, 2·hidden, … channels, each
            but the first halving the sides, then a sum over places).
        hidden, depth: width and layers.
        spectral: divide each weight by its largest singular value, so that the slope of U stays bounded.

    Raises:
        ValueError: an unknown preset, or rows for "conv".

    Example:
        >>> import torch
        >>> EnergyNetwork((1, 8, 8), preset="conv", hidden=8, depth=2)(torch.zeros(3, 1, 8, 8)).shape
        torch.Size([3])
    """

    def __init__(
        self,
        shape: Sequence[int],
        *,
        preset: str = "mlp",
        hidden: int = 128,
        depth: int = 2,
        spectral: bool = False,
    ):
        super().__init__()
        if preset not in PRESETS or (preset == "conv" and len(shape) != 3):
            raise ValueError(
                f'preset got {preset!r} for shape {tuple(shape)}: expected "mlp", or "conv" for (C, H, W)'
            )
        wrapped = spectral_norm if spectral else (lambda layer: layer)
        layers: list[nn.Module] = []
        if preset == "mlp":
            layers.append(nn.Flatten())
            inputs = math.prod(shape)
            for _ in range(depth):
                layers += [wrapped(nn.Linear(inputs, hidden)), nn.SiLU()]
                inputs = hidden
        else:
            inputs = shape[0]
            for number in range(depth):
                outputs = hidden * 2**number
                layers += [wrapped(nn.Conv2d(inputs, outputs, 3, 1 if number == 0 else 2, 1)), nn.SiLU()]
                inputs = outputs
            layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        self.network = nn.Sequential(*layers, wrapped(nn.Linear(inputs, 1)))

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x)[:, 0]
