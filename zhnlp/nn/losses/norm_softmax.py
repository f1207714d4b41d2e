"""Softmax over classes on normalised vectors: the baseline of the margin losses."""

from __future__ import annotations

from torch import Tensor

from zhnlp.nn.losses.margin_softmax import margin_softmax


def norm_softmax(cos: Tensor, target: Tensor, *, scale: float = 30.0) -> Tensor:
    """Cross entropy of ``s · cos``, mean over the batch, in nats, 0 or more.

    Args:
        cos: (B, C) in [-1, 1], vectors against the vectors of the classes.
        target: (B,) whole numbers in [0, C).
        scale: s; without one the loss cannot come near 0, since cosines are within 2 of each other.

    Raises:
        ValueError: see `margin_softmax`.

    Example:
        >>> import torch
        >>> norm_softmax(torch.tensor([[0.9, 0.9, 0.9]]), torch.tensor([1]))  # ln 3
        tensor(1.0986)

    Source: 苏剑林, https://kexue.fm/archives/5743
    """
    return margin_softmax(cos, target, lambda right: right, scale=scale)
