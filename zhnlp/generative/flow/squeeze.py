"""Squares of pixels become channels: what a coupling needs to find neighbours in its halves.

Source: Dinh et al. 2017, arXiv 1605.08803, section 3.6
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from zhnlp.generative.flow.bijection import Bijection


class Squeeze(Bijection):
    """(B, C, H, W) → (B, C·f², H/f, W/f); the log-determinant is 0.

    Args:
        factor: f.

    Raises:
        ValueError: at a call whose height or width is no multiple of f.

    Example:
        >>> import torch
        >>> Squeeze()(torch.arange(16.0).view(1, 1, 4, 4))[0][0, 0].tolist()  # every other pixel of every other row
        [[0.0, 2.0], [8.0, 10.0]]
    """

    def __init__(self, factor: int = 2):
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if x.ndim != 4 or x.shape[2] % self.factor or x.shape[3] % self.factor:
            raise ValueError(
                f"squeeze by {self.factor} got {tuple(x.shape)}: expected (B, C, H, W) with H and W multiples of "
                f"{self.factor}. Next: pad or resize the images, or take fewer scales"
            )
        return F.pixel_unshuffle(x, self.factor), x.new_zeros(len(x))

    def inverse(self, z: Tensor) -> Tensor:
        return F.pixel_shuffle(z, self.factor)
