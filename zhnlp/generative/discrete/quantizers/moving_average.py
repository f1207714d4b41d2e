"""A codebook of moving averages: each code is the mean of the vectors that lately went to it.

Source: van den Oord et al. 2017, appendix A.1, https://arxiv.org/abs/1711.00937; 苏剑林, https://kexue.fm/archives/6760
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from zhnlp.generative.discrete.quantizers.nearest import VectorQuantizer


class EMAQuantizer(VectorQuantizer):
    """As `VectorQuantizer`, with e_k = m_k/n_k, n_k ← d n_k + (1 - d) count, m_k ← d m_k + (1 - d) sum, instead of a gradient.

    This is k-means on the run; the optimizer does not touch the codebook, and only the commitment loss is left.

    Example:
        >>> quantizer = EMAQuantizer(2, 1, decay=0.0, reset_dead=False)
        >>> _ = quantizer.totals.copy_(torch.tensor([[-1.0], [1.0]]))
        >>> _ = quantizer(torch.tensor([[-3.0], [-5.0], [2.0]]))
        >>> quantizer.codebook
        tensor([[-4.],
                [ 2.]])
    """

    def _make_codebook(self) -> None:
        self.register_buffer("counts", torch.ones(self.size))
        self.register_buffer(
            "totals", torch.empty(self.size, self.dim).uniform_(-1 / self.size, 1 / self.size)
        )

    @property
    def codebook(self) -> Tensor:
        """(K, D)."""
        return self.totals / self.counts.clamp(min=1e-5)[:, None]

    def _learn(self, z: Tensor, codes: Tensor) -> None:
        chosen = F.one_hot(codes, self.size).to(self.totals.dtype)  # (N, K)
        self.counts.lerp_(chosen.sum(0), 1 - self.decay)
        self.totals.lerp_(chosen.mT @ z.to(self.totals.dtype), 1 - self.decay)

    def _replace(self, dead: Tensor, vectors: Tensor) -> None:
        weight = self.counts.mean()
        self.counts[dead] = weight
        self.totals[dead] = weight * vectors.to(self.totals.dtype)

    def _losses(self, z: Tensor, rounded: Tensor) -> dict[str, Tensor]:
        return {"commit": self.commit * F.mse_loss(z, rounded)}
