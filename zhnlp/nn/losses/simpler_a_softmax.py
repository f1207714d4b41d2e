"""The simpler A-Softmax of post 5743: one formula in place of pieces."""

from __future__ import annotations

import torch
from torch import Tensor

from zhnlp.nn.losses.margin_softmax import margin_softmax


def simpler_a_softmax(cos: Tensor, target: Tensor, *, scale: float = 30.0) -> Tensor:
    """Softmax with ψ = min(cos 4θ, cos θ), mean over the batch, in nats, 0 or more.

    cos 4θ = 1 - 8c² + 8c⁴ of c = cos θ is the smaller one for θ below 2π/5 (c > 0.309); there is no margin beyond, but for
    θ in (2π/3, 4π/5).

    Args:
        cos: (B, C) in [-1, 1].
        target: (B,) whole numbers in [0, C).
        scale: s.

    Raises:
        ValueError: see `margin_softmax`.

    Example:
        >>> cos = torch.tensor([[0.5, -0.5]])  # θ = π/3, cos(4π/3) = -0.5
        >>> simpler_a_softmax(cos, torch.tensor([0]))
        tensor(0.6931)

    Source: 苏剑林, https://kexue.fm/archives/5743
    """

    def psi(right: Tensor) -> Tensor:
        square = right.square()
        return torch.minimum(1 - 8 * square + 8 * square.square(), right)

    return margin_softmax(cos, target, psi, scale=scale)
