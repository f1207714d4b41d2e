"""What critic and generator want, as functions of two scores; real is high in all of them.

r score of a real point, f score of a generated one, distance |x_r - x_f|.
The critic raises ``critic(r, f, distance)``, the generator lowers ``generator(r, f)``.  Slopes are written down by hand.

Source: https://kexue.fm/archives/6583
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from zhnlp.generative.theory.dirac_gan.f_divergences import F_LOSSES, FLoss


@dataclass(frozen=True)
class GanLoss:
    """Objectives of scores (...), and their slopes in the generated point's score.

    Attributes:
        critic: (r, f, distance) → (...), which the critic raises.
        generator: (r, f) → (...), which the generator lowers.
        critic_slope: (f, distance) → d critic / d f.
        generator_slope: f → -d generator / d f.
        normalised: whether the critic is divided by its slope, T(x) = φ·x / |φ|.
    """

    critic: Callable[[Tensor, Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor], Tensor]
    critic_slope: Callable[[Tensor, Tensor], Tensor]
    generator_slope: Callable[[Tensor], Tensor]
    normalised: bool = False


def _cross_entropy(r: Tensor, f: Tensor, _: Tensor) -> Tensor:
    return F.logsigmoid(r) + F.logsigmoid(-f)


def _difference(r: Tensor, f: Tensor, _: Tensor) -> Tensor:
    return r - f


NON_SATURATING = GanLoss(
    _cross_entropy, lambda r, f: -F.logsigmoid(f), lambda f, _: -f.sigmoid(), lambda f: (-f).sigmoid()
)
WGAN = GanLoss(_difference, lambda r, f: r - f, lambda f, _: -torch.ones_like(f), torch.ones_like)

LOSSES = {
    "vanilla": NON_SATURATING,
    "non-saturating": NON_SATURATING,
    "saturating": GanLoss(
        _cross_entropy, lambda r, f: F.logsigmoid(-f), lambda f, _: -f.sigmoid(), torch.sigmoid
    ),
    "hinge": GanLoss(
        lambda r, f, _: -F.relu(1 - r) - F.relu(1 + f),
        lambda r, f: -f,
        lambda f, _: -(f > -1).to(f.dtype),
        torch.ones_like,
    ),
    "lsgan": GanLoss(
        lambda r, f, _: -((r - 1).square() + (f + 1).square()) / 2,
        lambda r, f: (f - 1).square() / 2,
        lambda f, _: -(f + 1),
        lambda f: 1 - f,
    ),
    "wgan": WGAN,
    "wgan-normalised": GanLoss(
        WGAN.critic, WGAN.generator, WGAN.critic_slope, WGAN.generator_slope, normalised=True
    ),
}
NAMES = [*LOSSES, "qp", *F_LOSSES]


def gan_loss(name: str, *, qp: float = 1.0) -> GanLoss:
    """The loss of that name.

    Args:
        name: ``vanilla`` is the form of the post's script, with the non-saturating generator; ``saturating`` the minimax
            game; ``lsgan`` has the labels 1 and -1; ``kl``, ``js`` … are f-GANs, as minimax games.
        qp: λ > 0 of ``qp``, D - D² / (2λ |x_r - x_f|) with D = r - f.

    Raises:
        ValueError: there is no such loss, or λ is not above 0.

    Example:
        >>> loss = gan_loss("vanilla")
        >>> zero = torch.zeros(())
        >>> loss.critic_slope(zero, zero).item(), loss.generator_slope(zero).item()
        (-0.5, 0.5)
    """
    if name in LOSSES:
        return LOSSES[name]
    if name in F_LOSSES:
        return _f_gan(F_LOSSES[name])
    if name != "qp":
        near = difflib.get_close_matches(name, NAMES, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"loss got {name!r}: expected one of {', '.join(NAMES)}.{hint}")
    if not qp > 0:
        raise ValueError(f"qp got {qp}: expected λ > 0, which the quadratic term is divided by")
    return GanLoss(
        lambda r, f, distance: r - f - (r - f).square() / (2 * qp * distance),
        lambda r, f: r - f,
        lambda f, distance: -1 - _share(f, distance) / qp,
        torch.ones_like,
    )


def _share(f: Tensor, distance: Tensor) -> Tensor:
    """f / distance, 0 where both are 0; |f| ≤ |φ| distance."""
    return torch.where(distance > 0, f / torch.where(distance > 0, distance, 1), 0)


def _f_gan(loss: FLoss) -> GanLoss:
    def critic(r: Tensor, f: Tensor, _: Tensor | None = None) -> Tensor:
        return loss.activation(r) - loss.conjugate(loss.activation(f))

    return GanLoss(critic, critic, lambda f, _: -loss.slope(f), loss.slope)
