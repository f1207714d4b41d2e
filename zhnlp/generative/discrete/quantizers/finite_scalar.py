"""Finite scalar quantisation: each of a few features is rounded by itself, and there is no codebook.

Source: 苏剑林, https://kexue.fm/archives/9826; Mentzer et al. 2023, https://arxiv.org/abs/2309.15505
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor, nn

from zhnlp.generative.discrete.quantizers.base import Quantized
from zhnlp.generative.discrete.quantizers.gradients import straight_through


class FSQ(nn.Module):
    """Feature i → round((L_i - 1) σ(z_i)), one of L_i even steps in [-1, 1]; K = Π L_i codes of D = len(L) features.

    Nothing is learned, so no code can die and there are no further losses.

    Args:
        levels: L_i ≥ 2 of each feature.

    Raises:
        ValueError: no levels, or one below 2.

    Example:
        >>> quantizer = FSQ([3, 2])
        >>> out = quantizer(torch.tensor([[-9.0, -9.0], [0.0, 9.0]]))
        >>> out.vectors, out.codes, quantizer.size
        (tensor([[-1., -1.],
            [ 0.,  1.]]), tensor([0, 3]), 6)
    """

    def __init__(self, levels: Sequence[int]):
        super().__init__()
        if not levels or min(levels) < 2:
            raise ValueError(
                f"levels={levels} is not possible: expected 2 or more of each feature, as [8, 5, 5]"
            )
        self.levels, self.size, self.dim = tuple(levels), prod(levels), len(levels)
        steps = torch.tensor(self.levels)
        self.register_buffer("steps", steps, persistent=False)
        places = [prod(self.levels[place + 1 :]) for place in range(self.dim)]
        self.register_buffer("places", torch.tensor(places), persistent=False)

    def forward(self, z: Tensor) -> Quantized:
        """Round z (..., D)."""
        top = (self.steps - 1).to(z.dtype)
        soft = top * z.sigmoid()
        steps = straight_through(soft.round(), soft)
        codes = (steps.detach().round().long() * self.places).sum(-1)
        return Quantized(2 * steps / top - 1, codes, {})

    def lookup(self, codes: Tensor) -> Tensor:
        """The vectors (..., D) of codes (...)."""
        steps = codes[..., None] // self.places % self.steps
        return 2 * steps / (self.steps - 1) - 1
