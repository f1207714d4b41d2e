"""The patterns with a matrix of all pairs: what every other computation is compared with.

B batch, H heads, L positions, d features a head.
"""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor

from zhnlp.nn import masks
from zhnlp.nn.sparse_attention.patterns import Pattern


def pattern_mask(
    pattern: Pattern,
    length: int,
    *,
    padding: Tensor | None = None,
    marks: Tensor | None = None,
    causal: bool = False,
    device: Any = None,
) -> Tensor:
    """The mask of a pattern with all that `sparse_attention` takes beside it: (1 or B, 1, L, L).

    Args:
        padding: (B, L), 1 for real tokens.
        marks: (B, L), 1 for global tokens beside those of the pattern.
        causal: hide keys behind the query.

    Example:
        >>> from zhnlp.nn.sparse_attention import Local
        >>> pattern_mask(Local(1), 3, causal=True).int()[0, 0].tolist()
        [[1, 0, 0], [1, 1, 0], [0, 1, 1]]
    """
    mask = pattern.mask(length, device=device)
    if marks is not None:
        mask = mask | masks.global_tokens(marks)
    if causal:
        mask = mask & masks.causal(length, device=device)
    return mask if padding is None else mask & masks.padding(padding)


def dense_attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor, *, scale: float, dropout: float = 0.0
) -> Tensor:
    """Attention (B, H, L, d) under a mask of bools, by torch's own kernel; 0 where a query sees no key."""
    return F.scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=scale, dropout_p=dropout)
