"""Half of the channels leaves the flow early, as noise around what the other half foretells.

Source: Dinh et al. 2017, arXiv 1605.08803, section 3.6; Kingma and Dhariwal 2018, arXiv 1807.03039
"""

from __future__ import annotations

import torch
from torch import Tensor

from zhnlp.generative.flow.bijection import Bijection
from zhnlp.generative.flow.conditioners import Conditioner, convolutions


class Split(Bijection):
    """(a, b) → (rest(a), (b − μ(a)) · exp(−s(a))) as one row: b is N(μ(a), exp 2s(a)) when its noise is standard normal.

    Written so, the conditional prior of a multi-scale flow is one more layer, and all noise is N(0, 1): temperature and
    interpolation need not know of scales.

    Args:
        channels: C, of which ⌈C/2⌉ go on.
        size: (H, W).
        rest: what the half that goes on goes through, to a row.
        conditioner: (channels in, channels out) → network that gives μ and s.
        limit: |s| < limit.

    Example:
        >>> from zhnlp.generative.flow import Flatten
        >>> split = Split(4, (3, 3), Flatten((2, 3, 3)))
        >>> split(torch.randn(5, 4, 3, 3))[0].shape
        torch.Size([5, 36])
    """

    def __init__(
        self,
        channels: int,
        size: tuple[int, int],
        rest: Bijection,
        *,
        conditioner: Conditioner = convolutions,
        limit: float = 4.0,
    ):
        super().__init__()
        self.halves, self.size, self.limit = (channels - channels // 2, channels // 2), tuple(size), limit
        self.rest = rest
        self.prior = conditioner(self.halves[0], 2 * self.halves[1])

    def _prior(self, a: Tensor) -> tuple[Tensor, Tensor]:
        mean, raw = self.prior(a).chunk(2, dim=1)
        return mean, self.limit * torch.tanh(raw / self.limit)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        a, b = x.split(self.halves, dim=1)
        mean, log_scale = self._prior(a)
        noise, log_det = self.rest(a)
        left = ((b - mean) * (-log_scale).exp()).flatten(1)
        return torch.cat([noise, left], 1), log_det - log_scale.flatten(1).sum(1)

    def inverse(self, z: Tensor) -> Tensor:
        leaving = self.halves[1] * self.size[0] * self.size[1]
        a = self.rest.inverse(z[:, :-leaving])
        mean, log_scale = self._prior(a)
        b = z[:, -leaving:].view(len(z), self.halves[1], *self.size)
        return torch.cat([a, b * log_scale.exp() + mean], 1)
