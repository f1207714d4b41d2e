"""A-Softmax (SphereFace): the right angle is multiplied."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from zhnlp.nn.losses.margin_softmax import margin_softmax


def a_softmax(
    cos: Tensor, target: Tensor, *, margin: int = 4, scale: float = 30.0, blend: float = 0.0
) -> Tensor:
    """Multiplied-angle softmax, mean over the batch, in nats, 0 or more.

    ψ = (-1)^k cos mθ - 2k for θ in [kπ/m, (k+1)π/m], which falls from 1 at θ = 0 to 1 - 2m at π.  cos mθ is the Chebyshev
    polynomial of the cosine, so no angle is differentiated.

    Args:
        cos: (B, C) in [-1, 1].
        target: (B,) whole numbers in [0, C).
        margin: m, a whole number, 1 or more; 1 is `norm_softmax`.
        scale: s; the paper has the length of the vector in its place.
        blend: λ ≥ 0, ψ becomes (λ cos θ + ψ) / (1 + λ).  Hard to train with 0: the paper begins at 1,000 and goes down to 5.

    Raises:
        ValueError: m or λ out of range; else see `margin_softmax`.

    Example:
        >>> cos = torch.tensor([[0.5, -3.5]])  # θ = π/3, k = 1: -cos(4π/3) - 2 = -1.5
        >>> a_softmax(cos, torch.tensor([0]), scale=1.0)  # log(1 + e^(-3.5 + 1.5))
        tensor(0.1269)

    Source: Liu et al. 2017, https://arxiv.org/abs/1704.08063; 苏剑林, https://kexue.fm/archives/5743
    """
    if margin != int(margin) or margin < 1 or not blend >= 0:
        raise ValueError(
            f"got margin={margin!r}, blend={blend!r}: expected a whole margin of 1 or more and a blend of 0 or more. "
            "Next: am_softmax has a margin that is no whole number"
        )

    def psi(right: Tensor) -> Tensor:
        angle = right.detach().clamp(-1, 1).acos()
        k = (angle * margin / math.pi).floor().clamp_(max=margin - 1)
        multiple = (1 - 2 * (k % 2)) * _chebyshev(right, int(margin)) - 2 * k
        return (blend * right + multiple) / (1 + blend)

    return margin_softmax(cos, target, psi, scale=scale)


def _chebyshev(x: Tensor, order: int) -> Tensor:
    """cos(order · θ) of x = cos θ, by T_{n+1} = 2x T_n - T_{n-1}."""
    before, now = torch.ones_like(x), x
    for _ in range(order - 1):
        before, now = now, 2 * x * now - before
    return now
