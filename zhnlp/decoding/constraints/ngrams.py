"""No n-gram twice."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from zhnlp.decoding.history import NONE


def block_repeated_ngrams(scores: Tensor, tokens: Tensor, n: int) -> Tensor:
    """Put -inf, in place, where the next token would complete an n-gram that is there already.

    Args:
        scores: (N, V) of the next token.
        tokens: (N, L) before it, -1 for padding, which matches nothing.
        n: length of the n-gram; 1 forbids every token that is there.

    Example:
        >>> scores = torch.zeros(1, 4)
        >>> block_repeated_ngrams(scores, torch.tensor([[1, 2, 3, 1]]), 2)  # 1 2 was there
        tensor([[0., 0., -inf, 0.]])

    Source: Paulus et al. 2017, https://arxiv.org/abs/1705.04304
    """
    length = tokens.shape[1]
    if length < n:
        return scores
    grams = tokens.unfold(1, n, 1)  # (N, L - n + 1, n)
    begun = (grams[..., :-1] == tokens[:, None, length - n + 1 :]).all(-1) & (grams != NONE).all(-1)
    return forbid(scores, grams[..., -1], begun)


def forbid(scores: Tensor, tokens: Tensor, where: Tensor) -> Tensor:
    """Put -inf, in place, at ``tokens`` (N, M) of each row where ``where`` (N, M) is true."""
    fill = torch.where(where, -math.inf, math.inf).to(scores.dtype)
    return scores.scatter_reduce_(1, tokens.clamp(min=0), fill, "amin")
