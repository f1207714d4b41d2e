"""Normal distributions with independent coordinates, as posteriors and priors of latent vectors.

Source: 苏剑林, https://kexue.fm/archives/5253; Kingma and Welling 2013, https://arxiv.org/abs/1312.6114
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

LOG_2PI = math.log(2 * math.pi)


class Normal(NamedTuple):
    """N(μ, σ²) in each coordinate.

    Attributes:
        mean: (..., D) μ.
        log_variance: (..., D) log σ², in nats.

    Example:
        >>> posterior = Normal(torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2))
        >>> posterior.kl()  # ½ (μ² + σ² - log σ² - 1)
        tensor([[0.5000, 0.0000]])
    """

    mean: Tensor
    log_variance: Tensor

    @classmethod
    def of(cls, heads: Tensor) -> Normal:
        """From the output of an encoder (..., 2 D): the means, then the logarithms of the variances."""
        return cls(*heads.chunk(2, -1))

    def draw(self) -> Tensor:
        """z = μ + σ ε, (..., D); gradients reach μ and σ."""
        noise = torch.randn_like(self.mean)
        return self.mean + (self.log_variance / 2).exp() * noise

    def repeat(self, times: int) -> Normal:
        """Each row so many times, the first row first: (times B, D) of (B, D)."""
        return Normal(self.mean.repeat_interleave(times, 0), self.log_variance.repeat_interleave(times, 0))

    def log_prob(self, z: Tensor) -> Tensor:
        """log density of each coordinate, (..., D) in nats."""
        return -0.5 * (LOG_2PI + self.log_variance + (z - self.mean).square() * (-self.log_variance).exp())

    def kl(self, prior: Normal | None = None) -> Tensor:
        """KL(self ‖ prior) of each coordinate, (..., D) in nats, 0 or more; None for N(0, 1)."""
        if prior is None:
            return 0.5 * (self.mean.square() + self.log_variance.exp() - self.log_variance - 1)
        gap = self.log_variance - prior.log_variance
        square = (self.mean - prior.mean).square() * (-prior.log_variance).exp()
        return 0.5 * (square + gap.exp() - gap - 1)


def standard_log_prob(z: Tensor) -> Tensor:
    """log density of N(0, 1) at each coordinate of z, in nats.

    Example:
        >>> standard_log_prob(torch.zeros(2))
        tensor([-0.9189, -0.9189])
    """
    return -0.5 * (LOG_2PI + z.square())
