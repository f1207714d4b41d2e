"""What a WGAN's critic says of the distance of two sets of samples, under each constraint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from zhnlp.generative.gan.constraints.clip import clip_weights
from zhnlp.generative.gan.constraints.named import PENALTIES, penalty
from zhnlp.generative.gan.constraints.spectral import spectral_normalised
from zhnlp.generative.gan.divergences.critic import small_critic, train_critic, two_samples
from zhnlp.training.seeds import derive_seed, own_randomness


@dataclass(frozen=True, eq=False)
class CriticDistance:
    """What a critic found.

    Attributes:
        value: mean score of P minus mean score of Q: the dual of W₁ where the critic's slope is at most 1.
        critic: (B, …) → (B, 1), in evaluation mode.
    """

    value: float
    critic: nn.Module

    def __float__(self) -> float:
        return self.value


def critic_distance(
    xp: Any,
    xq: Any,
    constraint: str = "gp",
    *,
    hidden: Sequence[int] = (64, 64),
    steps: int = 600,
    batch_size: int = 256,
    rate: float = 5e-3,
    clip: float = 0.01,
    seed: int = 0,
    progress: bool = False,
    **options: Any,
) -> CriticDistance:
    """max over critics of mean score(P) − mean score(Q) under a constraint, by a small network on the samples.

    A penalty is soft: under "gp" the slope settles a little above 1, under "div" where the divergence has it, and neither is W₁
    itself.  Spectral norm is a bound: its figure is at most W₁ of the samples.

    Args:
        xp, xq: samples (N, …) and (M, …), or (N,) and (M,).
        constraint: a name of `penalty`, "sn" (spectral norm) or "clip".
        hidden: LeakyReLU layers of the critic.
        steps, batch_size, rate: of Adam; the rate falls to 0.
        clip: for "clip".
        seed: of start and batches; same seed, same figure.
        **options: of the penalty: weight, at, k, p, gamma; ``scale`` of "sn".

    Raises:
        ValueError: the constraint is not known, or samples are of different shapes, too few or not finite.
        FloatingPointError: the critic left the finite numbers.

    Example:
        >>> x = torch.randn(500, generator=torch.Generator().manual_seed(0))
        >>> critic_distance(x + 1, x, "clip", steps=50).value < 0.1  # weights in a small box: useless, as the posts say
        True

    Source: https://kexue.fm/archives/6280, https://kexue.fm/archives/6139
    """
    xp, xq = two_samples(xp, xq)
    with own_randomness(derive_seed(seed, "critic")):
        critic: nn.Module = small_critic(xp[0].numel(), hidden, "LeakyReLU")
        if constraint == "sn":
            critic = spectral_normalised(critic, **options)
        elif constraint == "clip":
            clip_weights(critic, clip)
        slopes = penalty(constraint, **options) if constraint in PENALTIES else None
        if slopes is None and constraint not in ("sn", "clip"):
            raise ValueError(
                f"constraint got {constraint!r}: expected {', '.join(PENALTIES)}, 'sn' or 'clip'; without one the figure has no bound"
            )

        def objective(critic, real, fake, _):
            loss = critic(fake).mean() - critic(real).mean()
            return loss if slopes is None else loss + slopes(critic, real, fake)

        train_critic(
            critic,
            objective,
            xp,
            xq,
            steps=steps,
            batch_size=batch_size,
            rate=rate,
            seed=derive_seed(seed, "batches"),
            betas=(0.5, 0.9),
            after_step=lambda c: clip_weights(c, clip) if constraint == "clip" else None,
            progress=progress,
        )
        with torch.no_grad():
            value = (critic(xp).mean() - critic(xq).mean()).item()
    return CriticDistance(value, critic)
