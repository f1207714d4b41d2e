"""Multi-head attention of target positions, or of hypotheses, to a source that was read before.

R sources, S positions of a source, Q queries of each source, D features, H heads, d features a head.

Source: 苏剑林, https://kexue.fm/archives/5861; Vaswani et al. 2017, https://arxiv.org/abs/1706.03762
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SourceAttention(nn.Module):
    """Scaled dot products without biases and without a map behind the heads; keys and values are computed once a source.

    It is written out, not a fused kernel: decoding wants the weights, and a gradient penalty the second derivative.

    Args:
        size: D.
        heads: H; d is D / H.

    Raises:
        ValueError: the heads do not divide the features.

    Example:
        >>> attention, source = SourceAttention(8, heads=2), torch.randn(3, 5, 8)
        >>> seen, weights = attention(torch.randn(3, 4, 8), *attention.read(source), torch.ones(3, 5))
        >>> seen.shape, weights.shape
        (torch.Size([3, 4, 8]), torch.Size([3, 2, 4, 5]))
    """

    def __init__(self, size: int, heads: int):
        super().__init__()
        if size % heads:
            raise ValueError(
                f"{heads} heads and {size} features: expected a number that divides the features"
            )
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(size, size, bias=False) for _ in range(3))

    def read(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values (R, H, S, d) of sources (R, S, D)."""
        return self._split(self.key(source)), self._split(self.value(source))

    def forward(self, x: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """What the queries see (R, Q, D), and their weights (R, H, Q, S).

        Args:
            x: (R, Q, D).
            mask: (R, S), 1 for real places; a source that has none is seen as the mean of its values.
        """
        scores = self._split(self.query(x) * keys.shape[-1] ** -0.5) @ keys.mT  # (R, H, Q, S)
        scores = scores.masked_fill(mask[:, None, None] == 0, torch.finfo(scores.dtype).min)
        weights = scores.softmax(-1).to(values.dtype)
        return (weights @ values).transpose(1, 2).flatten(2), weights

    def _split(self, x: Tensor) -> Tensor:
        """(R, L, D) → (R, H, L, d)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)
