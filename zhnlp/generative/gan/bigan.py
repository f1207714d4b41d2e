"""BiGAN (ALI): the critic looks at pairs, so that encoder and generator become each other's inverse.  B batch, D latent dimensions.

A real pair is (x, E(x)), a generated one (G(z), z); real = high.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zhnlp.generative import networks as presets
from zhnlp.generative.adversarial import AdversarialModel
from zhnlp.generative.gan import networks

LOSSES = ("min-max", "flipped", "symmetric-log")


class BiGAN(AdversarialModel):
    """A critic of pairs, −log D(x, E(x)) − log(1 − D(G(z), z)), and encoder and generator that lower one of three losses.

    Args:
        shape: of one example.
        latent: D.
        preset: of the networks.
        loss: "min-max": what the critic lowers, negated, which saturates.  "flipped": −log(1 − D(x, E(x))) − log D(G(z), z), the
            same fixed point with stronger slopes, as it is trained in practice.  "symmetric-log": −log D(x, E(x)) − log D(G(z), z),
            BOTH signs minus, as post 5716 derives it; on two moons it runs away, since the encoder only has to please the critic.
        stochastic: E(x) is normal with learned mean and variance (ALI) instead of one point (BiGAN).
        output: range of x: "linear", "sigmoid" for [0, 1] or "tanh" for [−1, 1].
        hidden: widths, see `zhnlp.generative.networks.encoder`.
        encoder, generator, critic: networks (B, *shape) → (B, D) or (B, 2 D), (B, D) → (B, *shape), (x, z) → (B, 1); None for the
            preset's.

    Raises:
        ValueError: an argument that cannot be.

    Example:
        >>> model = BiGAN((2,), latent=2)
        >>> x = torch.rand(5, 2)
        >>> model.encode(x).shape, model.decode(model.encode(x)).shape, model.sample(3, seed=0).shape
        (torch.Size([5, 2]), torch.Size([5, 2]), torch.Size([3, 2]))

    Source: https://kexue.fm/archives/5716; Donahue et al. 2016, Dumoulin et al. 2016
    """

    def __init__(
        self,
        shape: Sequence[int],
        latent: int = 2,
        preset: str = "mlp",
        *,
        loss: str = "flipped",
        stochastic: bool = False,
        output: str = "linear",
        hidden: int | Sequence[int] | None = None,
        encoder: nn.Module | None = None,
        generator: nn.Module | None = None,
        critic: nn.Module | None = None,
    ):
        super().__init__(shape)
        self.output = output
        if loss not in LOSSES or latent < 1:
            raise ValueError(
                f"got loss={loss!r}, latent={latent}: expected a loss of {', '.join(map(repr, LOSSES))}, and latent ≥ 1"
            )
        self.latent, self.game, self.stochastic = latent, loss, stochastic
        self.encoder = encoder or presets.encoder(
            preset, self.shape, latent * (1 + stochastic), hidden=networks.widths(preset, hidden)
        )
        self.generator = generator or networks.generator(
            preset, latent, self.shape, output=output, hidden=hidden
        )
        self.critic = critic or networks.PairCritic(preset, self.shape, latent, hidden=hidden)

    def encode(self, x: Tensor) -> Tensor:
        """Codes (B, D); of a stochastic encoder their means."""
        with self.drawing(None):
            return self.encoder(x)[:, : self.latent]

    def decode(self, z: Tensor) -> Tensor:
        """Examples (B, *shape)."""
        with self.drawing(None):
            return self.generator(z)

    def _pairs(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        code = self.encoder(x)
        if self.stochastic:
            mean, log_variance = code.chunk(2, dim=1)
            code = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        z = torch.randn(len(x), self.latent, device=self.device)
        return x, code, self.generator(z), z

    def score(self, x: Tensor, z: Tensor) -> Tensor:
        """Scores (B,) of pairs, high for (x, E(x))."""
        return self.critic(x, z).reshape(len(x))

    @property
    def value_range(self) -> tuple[float, float]:
        """That of ``output``."""
        return presets.RANGES[self.output]

    def critic_loss(self, x: Tensor, y: Tensor | None = None) -> dict[str, Tensor]:
        """``loss``, and mean scores of ``real`` and ``fake`` pairs."""
        with torch.no_grad():
            x, code, fake, z = self._pairs(x)
        encoded, generated = self.score(x, code), self.score(fake, z)
        loss = F.softplus(-encoded).mean() + F.softplus(generated).mean()
        return {"loss": loss, "real": encoded.mean(), "fake": generated.mean()}

    def generator_loss(self, x: Tensor, y: Tensor | None = None) -> dict[str, Tensor]:
        """``loss``; ``fake`` and the ``z`` that made it, for parts."""
        x, code, fake, z = self._pairs(x)
        encoded, generated = self.score(x, code), self.score(fake, z)
        if self.game == "min-max":
            loss = -F.softplus(-encoded).mean() - F.softplus(generated).mean()
        elif self.game == "flipped":
            loss = F.softplus(encoded).mean() + F.softplus(-generated).mean()
        else:
            loss = F.softplus(-encoded).mean() + F.softplus(-generated).mean()
        return {"loss": loss, "fake": fake, "z": z}

    def critic_modules(self) -> list[nn.Module]:
        return [self.critic]

    def generator_modules(self) -> list[nn.Module]:
        return [self.encoder, self.generator]

    def sample(self, n: int, *, seed: int | None = None) -> Tensor:
        """``n`` examples (n, *shape)."""
        with self.drawing(seed):
            return self.generator(torch.randn(n, self.latent, device=self.device))
