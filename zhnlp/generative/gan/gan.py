"""A generative adversarial network with any loss and any constraint, and the Wasserstein one.  B batch, D latent dimensions.

Real = high: scores rise with what the critic takes for real; an energy, as post 6612 has it, is −score.

Source: https://kexue.fm/archives/6280, https://kexue.fm/archives/6139, https://kexue.fm/archives/6016
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from zhnlp.generative.adversarial import AdversarialModel
from zhnlp.generative.gan import networks
from zhnlp.generative.gan.constraints.clip import clip_weights
from zhnlp.generative.gan.constraints.gradients import refuse_batch_norm
from zhnlp.generative.gan.constraints.named import PENALTIES, penalty
from zhnlp.generative.gan.constraints.spectral import spectral_normalised
from zhnlp.generative.gan.losses.named import adversarial_loss
from zhnlp.generative.networks import RANGES


class GAN(AdversarialModel):
    """A generator of examples out of noise N(0, I), and a critic that tells them from real ones.

    Args:
        shape: of one example.
        latent: D, of the noise.
        preset: networks of `zhnlp.generative.networks`.
        loss: of `adversarial_loss`: "non-saturating", "saturating", "hinge", "least-squares", "wasserstein", "f:kl" …
        constraint: of the critic: "gp", "gp-one-sided", "gp0", "r1", "r2", "div", several joined by "+" ("r1+r2"), "sn" (spectral
            norm), "clip" or "none".
        options: of the penalty or of "sn", e.g. ``{"weight": 5, "at": "both"}``, ``{"k": 2, "p": 6}``, ``{"scale": 4}``; of "clip"
            ``{"limit": 0.01}``.  Several penalties take their defaults.
        output: range of what is generated: "linear", "sigmoid" for [0, 1] or "tanh" for [−1, 1].
        hidden: widths, see `zhnlp.generative.networks.encoder`.
        norm: batch normalisation in the generator; the critic has none.
        generator, critic: networks (B, D) → (B, *shape) and (B, *shape) → (B, 1); None for the preset's.

    Raises:
        ValueError: an argument that cannot be, or a critic with batch normalisation under a penalty.

    Example:
        >>> from zhnlp.generative.datasets import ring
        >>> model = GAN((2,), latent=2, constraint="r1")
        >>> model = model.fit(ring, steps=5, batch_size=32, progress=False)
        >>> model.sample(3, seed=0).shape, model.score(model.sample(3, seed=0)).shape
        (torch.Size([3, 2]), torch.Size([3]))
    """

    def __init__(
        self,
        shape: Sequence[int],
        latent: int = 16,
        preset: str = "mlp",
        *,
        loss: str = "non-saturating",
        constraint: str = "none",
        options: dict[str, Any] | None = None,
        output: str = "linear",
        hidden: int | Sequence[int] | None = None,
        norm: bool = False,
        generator: nn.Module | None = None,
        critic: nn.Module | None = None,
    ):
        super().__init__(shape)
        self.output = output
        if latent < 1:
            raise ValueError(f"latent got {latent}: expected 1 or more")
        self.latent, self.game, self.constraint = latent, adversarial_loss(loss), constraint
        self.generator = generator or networks.generator(
            preset, latent, self.shape, output=output, hidden=hidden, norm=norm
        )
        self.critic = critic or networks.critic(preset, self.shape, hidden=hidden)
        self._constrain(constraint, dict(options or {}))

    def _constrain(self, constraint: str, options: dict[str, Any]) -> None:
        self.penalties, self.limit = [], None
        if constraint == "sn":
            self.critic = spectral_normalised(self.critic, **options)
        elif constraint == "clip":
            self.limit = options.get("limit", 0.01)
            clip_weights(self.critic, self.limit)
        elif constraint != "none":
            names = constraint.split("+")
            if unknown := [name for name in names if name not in PENALTIES]:
                raise ValueError(
                    f"constraint got {unknown[0]!r}: expected {', '.join(PENALTIES)}, penalties joined by '+', 'sn', 'clip' or 'none'"
                )
            if len(names) > 1 and options:
                raise ValueError(
                    f"options {options} for {constraint!r}: expected none where penalties are joined"
                )
            refuse_batch_norm(self.critic)
            self.penalties = [penalty(name, **options) for name in names]

    @property
    def value_range(self) -> tuple[float, float]:
        """That of ``output``."""
        return RANGES[self.output]

    # --- the parts -------------------------------------------------------------------------------------------------

    def noise(self, n: int) -> Tensor:
        """(n, D), normal."""
        return torch.randn(n, self.latent, device=self.device)

    def score(self, x: Tensor) -> Tensor:
        """The critic's scores (B,), high for real."""
        return self.critic(x).reshape(len(x))

    def energy(self, x: Tensor) -> Tensor:
        """−score, (B,)."""
        return -self.score(x)

    # --- the game --------------------------------------------------------------------------------------------------

    def critic_loss(self, x: Tensor, y: Tensor | None = None) -> dict[str, Tensor]:
        """``loss`` with the penalty, ``penalty``, and the mean scores ``real`` and ``fake``."""
        self._clip()
        with torch.no_grad():
            generated = self.generator(self.noise(len(x)))
        real, fake = self.score(x), self.score(generated)
        figures = {"loss": self.game.critic(real, fake), "real": real.mean(), "fake": fake.mean()}
        if self.penalties:
            figures["penalty"] = sum(one(self.score, x, generated) for one in self.penalties)
            figures["loss"] = figures["loss"] + figures["penalty"]
        return figures

    def generator_loss(self, x: Tensor, y: Tensor | None = None) -> dict[str, Tensor]:
        """``loss``; ``fake`` (B, *shape) and the ``z`` (B, D) that made it, for parts."""
        self._clip()
        z = self.noise(len(x))
        fake = self.generator(z)
        return {"loss": self.game.generator(self.score(fake)), "fake": fake, "z": z}

    def _clip(self) -> None:
        """Weights back into the box before the critic is used, which is after each of its steps."""
        if self.limit is not None:
            clip_weights(self.critic, self.limit)

    def critic_modules(self) -> list[nn.Module]:
        return [self.critic]

    def generator_modules(self) -> list[nn.Module]:
        return [self.generator]

    def sample(self, n: int, *, seed: int | None = None) -> Tensor:
        """``n`` examples (n, *shape)."""
        with self.drawing(seed):
            return self.generator(self.noise(n))


class WGAN(GAN):
    """`GAN` with the difference of mean scores; WGAN-div (k = 2, p = 6) unless another ``constraint`` is asked for.

    Example:
        >>> WGAN((2,)).penalties, WGAN((2,), constraint="gp").penalties
        ([DivPenalty(k=2, p=6, at='interp')], [OneCentredPenalty(weight=10, at='interp')])

    Source: https://kexue.fm/archives/6280, https://kexue.fm/archives/4439, https://kexue.fm/archives/6139
    """

    def __init__(
        self,
        shape: Sequence[int],
        latent: int = 16,
        preset: str = "mlp",
        *,
        constraint: str = "div",
        **others: Any,
    ):
        if constraint == "none":
            raise ValueError(
                "a WGAN's critic without a constraint rises without end: expected 'div', 'gp', 'gp0', 'sn' or another. "
                "Next: constraint='div'"
            )
        super().__init__(shape, latent, preset, loss="wasserstein", constraint=constraint, **others)
