"""Copy prior: what stands in the source is more likely to be written, before the network has learnt anything.

B batch, S source, V vocabulary.

Source: 苏剑林, https://kexue.fm/archives/5861
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class CopyPrior(nn.Module):
    """exp(s) · χ + t: logits of a source, χ its tokens, s and t learnt for each token of the vocabulary, 0 at the start.

    The end of a title stands in no source, so it is left to t.  An entry of χ that is always 1 would be no help: it adds
    the same number for every source, and t is that number already.

    Example:
        >>> prior = CopyPrior(4)
        >>> prior(tokens_of(torch.tensor([[2, 3, 2]]), torch.tensor([[1, 1, 0]]), 4)).tolist()
        [[0.0, 0.0, 1.0, 1.0]]
    """

    def __init__(self, vocab_size: int):
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(vocab_size))
        self.shift = nn.Parameter(torch.zeros(vocab_size))

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, V) of χ (B, V)."""
        return torch.addcmul(self.shift, tokens, self.log_scale.exp())


def tokens_of(ids: Tensor, mask: Tensor, vocab_size: int) -> Tensor:
    """χ (B, V): 1 for each token that occurs in its source, 0 for all others.

    Args:
        ids: (B, S).
        mask: (B, S), 1 for real tokens.

    Example:
        >>> tokens_of(torch.tensor([[2, 1, 2, 0]]), torch.tensor([[1, 1, 1, 0]]), 4).tolist()
        [[0.0, 1.0, 1.0, 0.0]]
    """
    counts = torch.zeros((len(ids), vocab_size), device=ids.device)
    return counts.scatter_add_(1, ids, mask.to(counts.dtype)).clamp_(max=1)
