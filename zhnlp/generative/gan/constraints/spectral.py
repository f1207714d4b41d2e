"""Spectral normalisation: every layer divided by its largest singular value, so that a critic's slope is at most 1."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm
from torch.nn.utils.parametrize import is_parametrized

LAYERS = (
    nn.Linear,
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)


class Scaled(nn.Module):
    """``factor`` times what a module gives."""

    def __init__(self, module: nn.Module, factor: float):
        super().__init__()
        self.module, self.factor = module, factor

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * self.module(x)


def spectral_normalised(module: nn.Module, *, scale: float = 1.0, power_iterations: int = 1) -> nn.Module:
    """The module with every linear and convolutional layer at spectral norm 1, by torch's parametrisation.

    One power iteration a forward pass in training mode, from vectors that persist; the script of 6051 begins anew with ones
    each time, which never finds a singular vector orthogonal to them.  The norm of a convolution is that of its kernel as a
    matrix (out, in · k · k), as in the paper.  Activations must not be steeper than 1: ReLU and LeakyReLU are not, SiLU is.

    Args:
        module: changed in place.
        scale: > 0, what the scores are multiplied by: the slope allowed. A critic of slope 1 on wide data often needs more.
        power_iterations: for each forward pass.

    Raises:
        ValueError: there is no layer to normalise, or the scale is not above 0.

    Example:
        >>> import torch
        >>> critic = spectral_normalised(nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 1)))
        >>> for _ in range(20):
        ...     _ = critic(torch.zeros(1, 2))
        >>> norm = torch.linalg.matrix_norm(critic[0].weight, 2).item()
        >>> 0.99 < norm < 1.01
        True

    Source: Miyato et al. 2018; https://kexue.fm/archives/6051
    """
    if not scale > 0:
        raise ValueError(f"scale got {scale!r}: expected a number above 0")
    layers = [layer for layer in module.modules() if isinstance(layer, LAYERS)]
    if not layers:
        raise ValueError(
            f"{type(module).__name__} has no linear or convolutional layer: expected one or more to normalise"
        )
    for layer in layers:
        if not is_parametrized(layer, "weight"):
            spectral_norm(layer, n_power_iterations=power_iterations)
    return module if scale == 1 else Scaled(module, scale)
