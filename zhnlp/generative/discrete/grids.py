"""Encoder and decoder of pictures that keep the grid: each place of the code sees a patch.  C channels, D features.

Source: 苏剑林, https://kexue.fm/archives/6760
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from zhnlp.generative.networks import Crop, Residual


def grid_encoder(
    shape: Sequence[int], dim: int, *, halvings: int = 1, hidden: int = 64, blocks: int = 0
) -> nn.Sequential:
    """(B, C, H, W) → (B, D, m, m'), each side halved so many times.

    Args:
        blocks: residual blocks on the grid, with batch normalisation.

    Example:
        >>> import torch
        >>> grid_encoder((1, 8, 8), 16)(torch.zeros(2, 1, 8, 8)).shape
        torch.Size([2, 16, 4, 4])
    """
    layers: list[nn.Module] = [nn.Conv2d(shape[0], hidden, 3, 1, 1), nn.ReLU()]
    for _ in range(halvings):
        layers += [nn.Conv2d(hidden, hidden, 4, 2, 1), nn.ReLU()]
    layers += [Residual(hidden) for _ in range(blocks)]
    return nn.Sequential(*layers, nn.Conv2d(hidden, dim, 1))


def grid_decoder(
    shape: Sequence[int], dim: int, *, halvings: int = 1, hidden: int = 64, blocks: int = 0
) -> nn.Sequential:
    """(B, D, m, m') → (B, C, H, W), the mirror of `grid_encoder`.

    Example:
        >>> import torch
        >>> grid_decoder((1, 28, 28), 16, halvings=2)(torch.zeros(2, 16, 7, 7)).shape
        torch.Size([2, 1, 28, 28])
    """
    layers: list[nn.Module] = [nn.Conv2d(dim, hidden, 3, 1, 1)]
    layers += [Residual(hidden) for _ in range(blocks)]
    for _ in range(halvings):
        layers += [nn.ReLU(), nn.ConvTranspose2d(hidden, hidden, 4, 2, 1)]
    return nn.Sequential(*layers, nn.ReLU(), nn.Conv2d(hidden, shape[0], 3, 1, 1), Crop(*shape[1:]))


def grid_size(shape: Sequence[int], halvings: int) -> tuple[int, int]:
    """(m, m') of a picture.

    Raises:
        ValueError: the picture is no (C, H, W), or a side cannot be halved so often.

    Example:
        >>> grid_size((1, 28, 28), 2)
        (7, 7)
    """
    if len(shape) != 3:
        raise ValueError(f"shape is {tuple(shape)}: a grid of codes needs pictures, (C, H, W)")
    if any(side % 2**halvings for side in shape[1:]):
        raise ValueError(
            f"{shape[1]} × {shape[2]} pixels cannot be halved {halvings} times: expected multiples of {2**halvings}. "
            "Next: fewer halvings, or pad the pictures"
        )
    return shape[1] >> halvings, shape[2] >> halvings


def channels_last(grid: Tensor) -> Tensor:
    """(B, m, m', D) of (B, D, m, m')."""
    return grid.movedim(1, -1)
