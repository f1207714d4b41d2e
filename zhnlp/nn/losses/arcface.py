"""ArcFace (AAM-Softmax): the right angle counts more by a constant."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from zhnlp.nn.losses.margin_softmax import margin_softmax


def arcface(cos: Tensor, target: Tensor, *, margin: float = 0.5, scale: float = 30.0) -> Tensor:
    """Additive-angle softmax, ψ = cos(θ + m), mean over the batch, in nats, 0 or more.

    Past θ = π - m, where cos(θ + m) would rise again, ψ = cos θ - m · sin m as in the authors' code: a step down, and it
    falls on.  The slope of ψ by the cosine is infinite at θ = 0 and taken as cos m there.

    Args:
        cos: (B, C) in [-1, 1].
        target: (B,) whole numbers in [0, C).
        margin: m in radians, in [0, π/2].
        scale: s.

    Raises:
        ValueError: m out of range; else see `margin_softmax`.

    Example:
        >>> cos = torch.tensor([[1.0, 0.5]])  # cos(0 + π/3) = 0.5
        >>> arcface(cos, torch.tensor([0]), margin=math.pi / 3)
        tensor(0.6931)

    Source: Deng et al. 2019, https://arxiv.org/abs/1801.07698
    """
    if not 0 <= margin <= math.pi / 2:
        raise ValueError(f"got margin={margin!r}: expected radians in [0, π/2]. Next: math.radians(degrees)")

    def psi(right: Tensor) -> Tensor:
        square = (1 - right) * (1 + right)
        inside = square > 0
        sine = torch.where(inside, torch.where(inside, square, 1).sqrt(), 0)
        moved = right * math.cos(margin) - sine * math.sin(margin)
        return torch.where(right >= -math.cos(margin), moved, right - margin * math.sin(margin))

    return margin_softmax(cos, target, psi, scale=scale)
