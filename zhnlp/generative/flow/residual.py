"""Encoders and decoders of an f-VAE that keep the size and begin as the identity (up to a squeeze), so nothing blurs."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from zhnlp.generative.flow.conditioners import mlp, starting_at_zero


class ResidualMLP(nn.Module):
    """x + MLP(x) on rows (B, D); the MLP starts at 0.

    Example:
        >>> import torch
        >>> x = torch.randn(3, 5)
        >>> torch.equal(ResidualMLP(5)(x), x)
        True
    """

    def __init__(self, size: int, *, hidden: int = 128, depth: int = 2):
        super().__init__()
        self.network = mlp(size, size, hidden=hidden, depth=depth)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.network(x)


class ResidualBlock(nn.Module):
    """x + conv1(relu(bn(conv3 x))) on images, conv1 starting at 0: the step of post 5977."""

    def __init__(self, channels: int):
        super().__init__()
        self.network = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            starting_at_zero(nn.Conv2d(channels, channels, 1)),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.network(x)


class ResidualConvolutions(nn.Module):
    """``scales`` times a squeeze and ``blocks`` residual steps: (B, C, H, W) → (B, C·4^s, H/2^s, W/2^s); or the way back.

    Args:
        channels: C.
        scales: s.
        blocks: residual steps a scale; the post has 12 at 128 × 128 pixels.
        back: the decoder, from small and deep to large and flat.

    Example:
        >>> import torch
        >>> x = torch.randn(2, 1, 8, 8)
        >>> code = ResidualConvolutions(1)(x)
        >>> code.shape, torch.equal(ResidualConvolutions(1, back=True)(code), x)
        (torch.Size([2, 16, 2, 2]), True)
    """

    def __init__(self, channels: int, *, scales: int = 2, blocks: int = 3, back: bool = False):
        super().__init__()
        self.back = back
        widths = [channels * 4**scale for scale in range(1, scales + 1)]
        self.scales = nn.ModuleList(
            nn.Sequential(*(ResidualBlock(width) for _ in range(blocks)))
            for width in (reversed(widths) if back else widths)
        )

    def forward(self, x: Tensor) -> Tensor:
        for steps in self.scales:
            x = F.pixel_shuffle(steps(x), 2) if self.back else steps(F.pixel_unshuffle(x, 2))
        return x
