"""Batch normalisation of posterior means, which leaves each latent dimension a KL that cannot vanish.

Source: Zhu et al. 2020, https://arxiv.org/abs/2004.12585; 苏剑林, https://kexue.fm/archives/7381
"""

from __future__ import annotations

import math

from torch import Tensor, nn


class BoundedMeans(nn.Module):
    """Means (B, D) brought to mean 0 and variance τ in each dimension, over the batch.

    Then the mean KL to N(0, 1) of each dimension is τ/2 or more: ½ E[μ²] alone is that.

    Args:
        size: D.
        variance: τ in (0, 1]; 1 would leave the posteriors no width of their own.

    Raises:
        ValueError: τ is not in (0, 1].

    Example:
        >>> import torch
        >>> BoundedMeans(1, variance=0.25)(torch.tensor([[3.0], [5.0]]))
        tensor([[-0.5000],
                [ 0.5000]])
    """

    def __init__(self, size: int, variance: float = 0.5):
        super().__init__()
        if not 0 < variance <= 1:
            raise ValueError(f"variance={variance} is not possible: expected a number in (0, 1]")
        self.scale = math.sqrt(variance)
        self.norm = nn.BatchNorm1d(size, affine=False)

    def forward(self, means: Tensor) -> Tensor:
        """(B, D) of (B, D); outside training by the running mean and variance."""
        return self.scale * self.norm(means)
