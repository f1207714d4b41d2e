"""The network of post 5505: folded residual blocks, each followed by pooling, then one vector and its class.

B batch, C channels, L wavelengths, K classes.

Source: 苏剑林, https://kexue.fm/archives/5505
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zhnlp.nn.folded_convolution import FoldedBlock

WIDTHS = (16, 16, 32, 32, 64, 64, 128, 128)  # of the post: 2,600 wavelengths end at 20 positions
POOLINGS = ("max", "avg", "attn")


class SpectrumNetwork(nn.Module):
    """(B, C, L) → logits (B, K).

    Args:
        classes: K.
        channels: C.
        widths: channels of the blocks; behind every block but the last the length is halved.
        pooling: of the positions that are left: "max", "avg" or "attn" (weights learnt).
        dropout: share of positions left out before pooling, with all their channels.
        hidden: width of the layer before the classes.

    Raises:
        ValueError: there are no widths, or the pooling is not known.

    Example:
        >>> SpectrumNetwork(4, widths=(8, 16))(torch.zeros(2, 1, 65)).shape
        torch.Size([2, 4])
    """

    def __init__(
        self,
        classes: int,
        channels: int = 1,
        widths: Sequence[int] = WIDTHS,
        *,
        pooling: str = "max",
        dropout: float = 0.5,
        hidden: int = 128,
    ):
        super().__init__()
        if not widths or pooling not in POOLINGS:
            raise ValueError(
                f"got widths={tuple(widths)}, pooling={pooling!r}: expected one width or more, and one of {', '.join(POOLINGS)}"
            )
        self.pooling, self.dropout = pooling, dropout
        sizes = [channels, *widths]
        self.blocks = nn.ModuleList(FoldedBlock(before, after) for before, after in itertools.pairwise(sizes))
        self.attention = nn.Conv1d(widths[-1], 1, 1) if pooling == "attn" else None
        self.head = nn.Sequential(nn.Linear(widths[-1], hidden), nn.ReLU(), nn.Linear(hidden, classes))

    def forward(self, x: Tensor) -> Tensor:
        for place, block in enumerate(self.blocks):
            x = block(x)
            if place < len(self.blocks) - 1 and x.shape[-1] > 1:
                x = F.max_pool1d(x, 2, ceil_mode=True)
        if self.training and self.dropout:
            kept = torch.empty_like(x[:, :1]).bernoulli_(1 - self.dropout)  # (B, 1, L): whole positions
            x = x * kept / (1 - self.dropout)
        if self.pooling == "max":
            vector = x.amax(-1)
        elif self.pooling == "avg":
            vector = x.mean(-1)
        else:
            vector = (x * self.attention(x).softmax(-1)).sum(-1)
        return self.head(vector)
