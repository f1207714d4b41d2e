"""Pointwise mutual information of counted pairs, to check what negative sampling learnt."""

from __future__ import annotations

import torch
from torch import Tensor


def pmi(counts: Tensor, *, power: float = 1.0, negatives: int = 1) -> Tensor:
    """``log p(i, j) / (p(i) q(j)) - log K`` in nats, (I, J), -inf where a pair never occurs.

    It is what the inner products of word vectors learn by negative sampling with K noise words from q ∝ p^power; with the
    defaults it is the pointwise mutual information.

    Args:
        counts: (I, J), 0 or more: centres in rows, contexts in columns.
        power: exponent of the noise, 0.75 in word2vec.
        negatives: K, 1 or more.

    Raises:
        ValueError: no two dimensions, a negative or non-finite count, or nothing counted.

    Example:
        >>> pmi(torch.tensor([[2.0, 0.0], [1.0, 1.0]])).exp()
        tensor([[1.3333, 0.0000],
                [0.6667, 2.0000]])

    Source: 苏剑林, https://kexue.fm/archives/5617; Levy and Goldberg 2014
    """
    if counts.ndim != 2 or not torch.all((counts >= 0) & (counts < torch.inf)) or not counts.any():
        raise ValueError(
            f"counts are {tuple(counts.shape)}: expected (I, J) of finite numbers ≥ 0, one above 0"
        )
    counts = counts.to(torch.promote_types(counts.dtype, torch.float32))
    rows, noise = counts.sum(1, keepdim=True), counts.sum(0, keepdim=True).pow(power)
    ratio = counts / rows.clamp_min(torch.finfo(counts.dtype).tiny) / (noise / noise.sum())
    return torch.where(counts > 0, ratio, 0).log() - torch.tensor(float(negatives), dtype=ratio.dtype).log()
