"""Pooling: the hidden states of a text become one vector, and the padding has no part in it.

B batch, L positions, D features.

Source: 苏剑林, https://kexue.fm/archives/8069 (first-last), https://kexue.fm/archives/8348 (which of them for which model)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from zhnlp.nn.attention_pooling import AttentionPooling

if TYPE_CHECKING:
    from collections.abc import Sequence

POOLINGS = ("mean", "cls", "max", "last", "first-last", "attention")


def check_pooling(pooling: str) -> str:
    """``pooling`` itself, one of `POOLINGS`.

    Raises:
        ValueError: there is no such pooling.

    Example:
        >>> check_pooling("middle")
        Traceback (most recent call last):
        ...
        ValueError: pooling='middle' is not known: expected mean, cls, max, last, first-last or attention
    """
    if pooling not in POOLINGS:
        raise ValueError(
            f"pooling={pooling!r} is not known: expected {', '.join(POOLINGS[:-1])} or {POOLINGS[-1]}"
        )
    return pooling


def pool(hidden: Tensor, mask: Tensor, pooling: str = "mean") -> Tensor:
    """Vectors (B, D) of hidden states (B, L, D) over the real places; zeros for a text without any.

    Args:
        hidden: (B, L, D); what stands in the padding, NaN too, changes nothing.
        mask: (B, L), 1 for real places; padding may be on either side.
        pooling: "mean"; "cls", the first real place; "last", the last one; "max" of each feature.

    Raises:
        ValueError: the pooling is none of these, or the shapes do not fit.

    Example:
        >>> hidden = torch.tensor([[[1.0, 5.0], [3.0, 1.0], [9.0, 9.0]]])
        >>> [pool(hidden, torch.tensor([[1, 1, 0]]), name).tolist() for name in ("mean", "cls", "max", "last")]
        [[[2.0, 3.0]], [[1.0, 5.0]], [[3.0, 5.0]], [[3.0, 1.0]]]
    """
    if hidden.ndim != 3 or hidden.shape[:2] != mask.shape:
        raise ValueError(
            f"got hidden states {tuple(hidden.shape)} and a mask {tuple(mask.shape)}: expected (B, L, D) and (B, L)"
        )
    real = mask != 0
    if pooling == "mean":
        total = hidden.masked_fill(~real[..., None], 0).sum(1)
        return total / real.sum(1, keepdim=True).clamp_min(1)
    if pooling == "max":
        largest = hidden.masked_fill(~real[..., None], float("-inf")).amax(1)
        return largest.masked_fill(~real.any(1, keepdim=True), 0)
    if pooling not in ("cls", "last"):
        raise ValueError(f"pooling={pooling!r} is not known: expected mean, cls, max or last")
    places = torch.arange(mask.shape[1], device=mask.device).expand_as(mask)
    if pooling == "cls":
        place = places.masked_fill(~real, mask.shape[1] - 1).amin(1)
    else:
        place = places.masked_fill(~real, 0).amax(1)
    picked = hidden[torch.arange(len(hidden), device=hidden.device), place]
    return picked.masked_fill(~real.any(1, keepdim=True), 0)


class Pooling(nn.Module):
    """One of `POOLINGS` as a layer; "attention" has weights, the others have none.

    Args:
        pooling: its name.
        size: D.

    Raises:
        ValueError: there is no such pooling.

    Example:
        >>> layer, x = Pooling("first-last", 2), torch.ones(1, 3, 2)
        >>> layer.layers, layer([x, 3 * x], torch.tensor([[1, 1, 0]])).tolist()
        (2, [[2.0, 2.0]])
    """

    def __init__(self, pooling: str, size: int):
        super().__init__()
        self.pooling, self.size = check_pooling(pooling), size
        self.attention = AttentionPooling(size) if pooling == "attention" else None

    @property
    def layers(self) -> int:
        """Layers that are pooled: the first and the last, or the last alone."""
        return 2 if self.pooling == "first-last" else 1

    def forward(self, layers: Sequence[Tensor], mask: Tensor) -> Tensor:
        """(B, D) in float32, or float64 where the layers are that.

        Args:
            layers: the last hidden states (B, L, D), after those of the first layer for "first-last".
            mask: (B, L), 1 for real places.
        """
        hidden = layers[-1].to(torch.promote_types(layers[-1].dtype, torch.float32))
        if self.attention is not None:
            return self.attention(hidden.to(self.attention.outer.weight.dtype), mask).to(hidden.dtype)
        if self.layers == 2:
            return pool((layers[0].to(hidden.dtype) + hidden) / 2, mask, "mean")
        return pool(hidden, mask, self.pooling)

    def extra_repr(self) -> str:
        """For the printed form."""
        return f"{self.pooling}, {self.size}"
