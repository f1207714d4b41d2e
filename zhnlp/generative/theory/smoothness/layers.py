"""Batch normalisation that only takes the mean off: the part of it that lowers the Lipschitz constant."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class MeanOnlyBatchNorm(nn.Module):
    """x - E[x] of each feature, over the batch while training and over a running mean in evaluation.

    It has no parameters: the bias of the layer that follows is the shift.  Put it directly before a dense layer or convolution.

    Args:
        features: D ≥ 1.
        momentum: in (0, 1], share of a batch in the running mean.

    Example:
        >>> MeanOnlyBatchNorm(1)(torch.tensor([[1.0], [5.0]])).tolist()
        [[-2.0], [2.0]]

    Source: https://kexue.fm/archives/6992
    """

    running_mean: Tensor

    def __init__(self, features: int, *, momentum: float = 0.1):
        super().__init__()
        if features < 1 or not 0 < momentum <= 1:
            raise ValueError(
                f"got features {features} and momentum {momentum}: expected 1 or more, and in (0, 1]"
            )
        self.momentum = momentum
        self.register_buffer("running_mean", torch.zeros(features))

    def forward(self, x: Tensor) -> Tensor:
        """(B, D) or (B, D, …), same shape."""
        if x.ndim < 2 or x.shape[1] != len(self.running_mean):
            raise ValueError(
                f"x got shape {tuple(x.shape)}: expected (B, {len(self.running_mean)}) or (B, {len(self.running_mean)}, …)"
            )
        mean = self.running_mean.to(x.dtype)
        if self.training:
            mean = x.mean([axis for axis in range(x.ndim) if axis != 1])
            self.running_mean.lerp_(mean.detach().to(self.running_mean), self.momentum)
        return x - mean.view(-1, *[1] * (x.ndim - 2))

    def extra_repr(self) -> str:
        return f"{len(self.running_mean)}, momentum={self.momentum:g}"
