"""The patterns for FlexAttention, which makes of a rule of two positions a kernel that skips the blocks where nothing is seen.

B batch, H heads, L positions, d features a head.

Source: https://pytorch.org/blog/flexattention/
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import torch
from torch import Tensor

from zhnlp.nn.sparse_attention.patterns import Local, LocalGlobal, Pattern

Rule = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
LEAST_FEATURES = 16  # of a head, for the kernels


def mask_mod(
    pattern: Pattern, *, padding: Tensor | None = None, marks: Tensor | None = None, causal: bool = False
) -> Rule:
    """The rule (row, head, i, j) → whether query i sees key j, as ``create_block_mask`` and ``create_mask`` of torch take it.

    Args:
        padding: (B, L) bools, True for real tokens; None where all are.
        marks: (B, L) bools, all global tokens of `LocalGlobal`, those of the pattern too; None for those of the pattern.
        causal: hide keys behind the query.

    Example:
        >>> i, j = torch.arange(3)[:, None], torch.arange(3)
        >>> mask_mod(LocalGlobal(0), causal=True)(0, 0, i, j).int().tolist()
        [[1, 0, 0], [1, 1, 0], [1, 0, 1]]
    """
    positions = pattern.positions if isinstance(pattern, LocalGlobal) and marks is None else ()

    def rule(row: Tensor, head: Tensor, i: Tensor, j: Tensor) -> Tensor:
        seen = pattern.sees(i, j)
        for place in positions:
            seen = seen | (i == place) | (j == place)
        if marks is not None:
            seen = seen | marks[row, i] | marks[row, j]
        if causal:
            seen = seen & (j <= i)
        return seen if padding is None else seen & padding[row, j]

    return rule


def flex_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    pattern: Pattern,
    *,
    padding: Tensor | None = None,
    marks: Tensor | None = None,
    causal: bool = False,
    scale: float,
) -> Tensor:
    """Attention (B, H, L, d) by FlexAttention: compiled on a GPU; on a CPU without a gradient and with all pairs, for tests.

    Args as for `mask_mod`.
    """
    batch, length, device = query.shape[0], query.shape[2], query.device
    if padding is None and marks is None:
        blocks = _blocks(pattern, length, causal, device)
    else:
        rule = mask_mod(pattern, padding=padding, marks=marks, causal=causal)
        blocks = _create(device)(rule, batch, None, length, length, device=device)
    return _kernel(device)(query, key, value, block_mask=blocks, scale=scale)


def fits(query: Tensor, pattern: Pattern, dropout: float) -> bool:
    """Whether FlexAttention is the best way: on a GPU, for patterns that leave whole blocks of 128 by 128 pairs out.

    A rate below 128 leaves no such block out, so `Atrous` and `Sparse` are quicker by residues there too.
    """
    return (
        query.is_cuda
        and isinstance(pattern, (Local, LocalGlobal))
        and dropout == 0
        and query.shape[-1] >= LEAST_FEATURES
        and query.dtype != torch.float64
    )


@cache
def _kernel(device: torch.device) -> Any:
    from torch.nn.attention.flex_attention import flex_attention

    return torch.compile(flex_attention) if device.type == "cuda" else flex_attention


@cache
def _create(device: torch.device) -> Any:
    from torch.nn.attention.flex_attention import create_block_mask

    return torch.compile(create_block_mask) if device.type == "cuda" else create_block_mask


@lru_cache(maxsize=32)
def _blocks(pattern: Pattern, length: int, causal: bool, device: torch.device) -> Any:
    return _create(device)(mask_mod(pattern, causal=causal), None, None, length, length, device=device)
