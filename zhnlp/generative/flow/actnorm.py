"""A scale and a shift for each channel, set by the first batch so that what leaves has mean 0 and variance 1.

Source: Kingma and Dhariwal 2018, arXiv 1807.03039; https://kexue.fm/archives/5977
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from zhnlp.generative.flow.bijection import Bijection


def over_channels(parameter: Tensor, x: Tensor) -> Tensor:
    """(C,) as it multiplies x, (B, C, …)."""
    return parameter.view(1, -1, *[1] * (x.ndim - 2))


class ActNorm(Bijection):
    """z = (x + b) · exp(s), b and s by channel; the first batch in training mode sets them.

    Until then it is the identity, also in evaluation, so that a model just built can be looked at.  A batch of one row
    without positions has no variance: it starts nothing.

    Args:
        channels: C.
        floor: the least standard deviation that the start believes in; constant channels stay finite.

    Example:
        >>> norm = ActNorm(2).train()
        >>> z, _ = norm(5 + 3 * torch.randn(1000, 2))
        >>> z.mean().abs().item() < 1e-5, round(z.std().item(), 2)
        (True, 1.0)
    """

    def __init__(self, channels: int, *, floor: float = 1e-2):
        super().__init__()
        self.floor = floor
        self.shift = nn.Parameter(torch.zeros(channels))
        self.log_scale = nn.Parameter(torch.zeros(channels))
        self.register_buffer("started", torch.tensor(False))

    @torch.no_grad()
    def start(self, x: Tensor) -> None:
        """Take mean and variance of ``x``, (B, C, …)."""
        rows = x.transpose(0, 1).flatten(1)  # (C, B …)
        if rows.shape[1] < 2:
            return
        self.shift.copy_(-rows.mean(1))
        self.log_scale.copy_(-rows.std(1, correction=0).clamp_min(self.floor).log())
        self.started.fill_(True)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if self.training and not self.started:
            self.start(x)
        log_det = self.log_scale.sum() * x[0, 0].numel()
        z = (x + over_channels(self.shift, x)) * over_channels(self.log_scale.exp(), x)
        return z, log_det.expand(len(x))

    def inverse(self, z: Tensor) -> Tensor:
        return z * over_channels((-self.log_scale).exp(), z) - over_channels(self.shift, z)
