"""What keeps a critic's slope down: gradient penalties and L2, for the critic T(x) = φ·x, whose gradient in x is φ."""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Penalty:
    """A penalty on φ (..., d) that the critic pays.

    Attributes:
        weight: λ ≥ 0.
        centre: c ≥ 0 of weight · (|φ| - c)²; None stands for weight / 2 · |φ|², which r1, r2 and l2 all are here.
    """

    weight: float
    centre: float | None = None

    def value(self, phi: Tensor) -> Tensor:
        """(...)."""
        if self.centre is None:
            return self.weight / 2 * phi.square().sum(-1)
        return self.weight * (torch.linalg.vector_norm(phi, dim=-1) - self.centre).square()

    def gradient(self, phi: Tensor) -> Tensor:
        """(..., d), by hand; at φ = 0, where one with c > 0 has none, 0."""
        if self.centre is None:
            return self.weight * phi
        norm = torch.linalg.vector_norm(phi, dim=-1, keepdim=True)
        shrink = torch.where(norm > 0, self.centre / torch.where(norm > 0, norm, 1), 0)
        return 2 * self.weight * (1 - shrink) * phi


def penalty(name: str | None, weight: float) -> Penalty:
    """The penalty of that name.

    Args:
        name: ``none``; ``gp(c)`` with a number c ≥ 0, weight · (|∇T| - c)², where ``gp`` alone is WGAN-GP's c = 1; ``r1`` and
            ``r2``, weight / 2 · |∇T|² at real and at generated points, which a linear critic cannot tell apart; ``l2``,
            weight / 2 · |φ|².
        weight: ≥ 0.

    Raises:
        ValueError: there is no such penalty, or a number is below 0.

    Example:
        >>> penalty("gp(0)", 0.25).gradient(torch.tensor([1.0, 2.0])).tolist()
        [0.5, 1.0]
    """
    if not 0 <= weight < float("inf"):
        raise ValueError(f"weight got {weight}: expected a number of 0 or above")
    if name in (None, "none"):
        return Penalty(0.0)
    if name in ("r1", "r2", "l2"):
        return Penalty(weight)
    centre = "1" if name == "gp" else (re.fullmatch(r"gp\((\d+\.?\d*|\.\d+)\)", name) or ["", ""])[1]
    if not centre:
        raise ValueError(
            f"reg got {name!r}: expected none, gp(c) with a number c ≥ 0, such as 'gp(0)', r1, r2 or l2"
        )
    return Penalty(weight, float(centre))
