"""A codebook that moves as a whole: fixed random vectors under one learned linear map.

Source: 苏剑林, https://kexue.fm/archives/10519; Zhu et al. 2024, https://arxiv.org/abs/2411.02038
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from zhnlp.generative.discrete.quantizers.nearest import VectorQuantizer


class SimVQ(VectorQuantizer):
    """As `VectorQuantizer`, with e_k = c_k W: every gradient moves all codes, so that those not in use come along.

    Dead codes are not put elsewhere, as the c_k stay what they are.

    Example:
        >>> quantizer = SimVQ(8, 4)
        >>> [name for name, _ in quantizer.named_parameters()], quantizer.codebook.shape
        (['map.weight'], torch.Size([8, 4]))
    """

    def __init__(self, size: int, dim: int, *, reset_dead: bool = False, **options):
        super().__init__(size, dim, reset_dead=False, **options)

    def _make_codebook(self) -> None:
        self.register_buffer("fixed", torch.randn(self.size, self.dim) / self.dim**0.5)
        self.map = nn.Linear(self.dim, self.dim, bias=False)

    @property
    def codebook(self) -> Tensor:
        """(K, D)."""
        return self.map(self.fixed)
