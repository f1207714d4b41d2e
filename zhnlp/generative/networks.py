"""Small encoders and decoders by name: "mlp" for anything, "conv28" and "conv64" for images.  B batch, C channels, H × W pixels.

An encoder takes (B, *shape) to (B, features); a decoder takes (B, features) to (B, *shape), without an activation at its end: what
a value means is the likelihood's affair.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from torch import Tensor, nn

PRESETS = ("mlp", "conv28", "conv64")
RANGES = {
    "sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "linear": (-math.inf, math.inf),
}  # of values, by ``output``
_STEPS = {"conv28": 2, "conv64": 4}  # times that an image is halved


def encoder(
    preset: str,
    shape: Sequence[int],
    features: int,
    *,
    hidden: int | Sequence[int] = 256,
    norm: bool = False,
    activation: type[nn.Module] = nn.SiLU,
) -> nn.Sequential:
    """A network (B, *shape) → (B, features).

    Args:
        preset: "mlp"; "conv28" (two halvings, for 28 × 28 and sizes near it), "conv64" (four).
        hidden: width of the layers of "mlp" (a list for several), or channels of the first convolution / 8.
        norm: batch normalisation behind each hidden layer; leave it out of critics with a penalty on gradients of single rows.

    Raises:
        ValueError: the preset is not known, or the shape is not one of images.

    Example:
        >>> import torch
        >>> encoder("conv28", (1, 28, 28), 5)(torch.zeros(3, 1, 28, 28)).shape
        torch.Size([3, 5])
    """
    if _check(preset, shape) == "mlp":
        return nn.Sequential(
            nn.Flatten(), *_mlp([math.prod(shape), *_widths(hidden), features], norm, activation)
        )
    channels = [shape[0], *_channels(preset, hidden)]
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(channels):
        layers += [nn.Conv2d(before, after, 3, 2, 1), *_after(nn.BatchNorm2d, after, norm, activation)]
    height, width = _smallest(preset, shape)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels[-1] * height * width, features))


def decoder(
    preset: str,
    features: int,
    shape: Sequence[int],
    *,
    hidden: int | Sequence[int] = 256,
    norm: bool = False,
    activation: type[nn.Module] = nn.SiLU,
) -> nn.Sequential:
    """A network (B, features) → (B, *shape), the mirror of `encoder`; odd sizes are cut out of the next even one.

    Example:
        >>> import torch
        >>> decoder("conv28", 5, (1, 28, 23))(torch.zeros(3, 5)).shape
        torch.Size([3, 1, 28, 23])
    """
    if _check(preset, shape) == "mlp":
        return nn.Sequential(
            *_mlp([features, *reversed(_widths(hidden)), math.prod(shape)], norm, activation),
            nn.Unflatten(1, tuple(shape)),
        )
    channels = [*reversed(_channels(preset, hidden)), shape[0]]
    height, width = _smallest(preset, shape)
    layers: list[nn.Module] = [
        nn.Linear(features, channels[0] * height * width),
        nn.Unflatten(1, (channels[0], height, width)),
        *_after(nn.BatchNorm2d, channels[0], norm, activation),
    ]
    for place, (before, after) in enumerate(itertools.pairwise(channels)):
        layers.append(nn.ConvTranspose2d(before, after, 4, 2, 1))
        if place < len(channels) - 2:
            layers += _after(nn.BatchNorm2d, after, norm, activation)
    return nn.Sequential(*layers, Crop(*shape[1:]))


class Crop(nn.Module):
    """The upper left ``height`` × ``width`` pixels of an image (B, C, H, W)."""

    def __init__(self, height: int, width: int):
        super().__init__()
        self.height, self.width = height, width

    def forward(self, x: Tensor) -> Tensor:
        return x[..., : self.height, : self.width]


class Residual(nn.Module):
    """x + f(x) with two convolutions, 3 × 3 and 1 × 1; the identity at the start.  (B, C, H, W) → the same."""

    def __init__(self, channels: int, *, norm: bool = True, activation: type[nn.Module] = nn.ReLU):
        super().__init__()
        last = nn.Conv2d(channels, channels, 1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.change = nn.Sequential(
            activation(),
            nn.Conv2d(channels, channels, 3, 1, 1),
            *_after(nn.BatchNorm2d, channels, norm, activation),
            last,
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.change(x)


def _check(preset: str, shape: Sequence[int]) -> str:
    if preset not in PRESETS:
        raise ValueError(f"preset={preset!r} is not known: expected one of {', '.join(map(repr, PRESETS))}")
    if preset != "mlp" and len(shape) != 3:
        raise ValueError(
            f"preset {preset!r} reads images (C, H, W), got shape {tuple(shape)}. Next: preset='mlp'"
        )
    return preset


def _widths(hidden: int | Sequence[int]) -> list[int]:
    return [hidden] if isinstance(hidden, int) else list(hidden)


def _channels(preset: str, hidden: int | Sequence[int]) -> list[int]:
    if not isinstance(hidden, int):
        if len(hidden) != _STEPS[preset]:
            raise ValueError(
                f"hidden={list(hidden)} for {preset!r}: expected {_STEPS[preset]} widths, one for each halving"
            )
        return list(hidden)
    return [max(8, hidden // 8) << step for step in range(_STEPS[preset])]


def _smallest(preset: str, shape: Sequence[int]) -> tuple[int, int]:
    height, width = shape[1:]
    for _ in range(_STEPS[preset]):
        height, width = (height + 1) // 2, (width + 1) // 2
    return height, width


def _mlp(widths: list[int], norm: bool, activation: type[nn.Module]) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for place, (before, after) in enumerate(itertools.pairwise(widths)):
        layers.append(nn.Linear(before, after))
        if place < len(widths) - 2:
            layers += _after(nn.BatchNorm1d, after, norm, activation)
    return layers


def _after(kind: type[nn.Module], width: int, norm: bool, activation: type[nn.Module]) -> list[nn.Module]:
    return [kind(width), activation()] if norm else [activation()]
