"""Adversarial autoencoder: the critic looks at codes, so that together they are normal.  B batch, D latent dimensions.

In post 5716 it is the GAN with x and z exchanged: noise is what is real, a code E(x) what is generated.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from zhnlp.generative import networks as presets
from zhnlp.generative.adversarial import AdversarialModel
from zhnlp.generative.gan import networks
from zhnlp.generative.gan.losses.named import adversarial_loss


class AAE(AdversarialModel):
    """Encoder and decoder lower −log D(E(x)) + λ ‖x − G(E(x))‖²; the critic tells N(0, I), which is real, from codes.

    Args:
        shape: of one example.
        latent: D.
        preset: of encoder and decoder; the critic of codes is always an MLP.
        weight: λ > 0, of the squared error summed over values.
        loss: of the game, see `adversarial_loss`.
        output: range of x: "linear", "sigmoid" for [0, 1] or "tanh" for [−1, 1].
        hidden: widths of encoder and decoder.
        noise: standard deviation of noise added to codes, 0 or more; without it an encoder can curl a small set of codes into any
            pattern that fools the critic.
        critic_hidden: widths of the critic.
        encoder, generator, critic: networks (B, *shape) → (B, D), (B, D) → (B, *shape), (B, D) → (B, 1); None for the preset's.

    Raises:
        ValueError: an argument that cannot be.

    Example:
        >>> model = AAE((1, 8, 8), latent=4, output="sigmoid")
        >>> x = torch.rand(5, 1, 8, 8)
        >>> model.encode(x).shape, model.decode(model.encode(x)).shape, model.sample(3, seed=0).shape
        (torch.Size([5, 4]), torch.Size([5, 1, 8, 8]), torch.Size([3, 1, 8, 8]))

    Source: https://kexue.fm/archives/5716; Makhzani et al. 2015
    """

    def __init__(
        self,
        shape: Sequence[int],
        latent: int = 8,
        preset: str = "mlp",
        *,
        weight: float = 1.0,
        loss: str = "non-saturating",
        output: str = "linear",
        hidden: int | Sequence[int] | None = None,
        noise: float = 0.0,
        critic_hidden: Sequence[int] = (128, 128),
        encoder: nn.Module | None = None,
        generator: nn.Module | None = None,
        critic: nn.Module | None = None,
    ):
        super().__init__(shape)
        self.output = output
        if latent < 1 or not weight > 0 or not noise >= 0:
            raise ValueError(
                f"got latent={latent}, weight={weight}, noise={noise}: expected latent ≥ 1, weight > 0, noise ≥ 0"
            )
        self.latent, self.weight, self.noise, self.game = latent, weight, noise, adversarial_loss(loss)
        widths = networks.widths(preset, hidden)
        self.encoder = encoder or presets.encoder(preset, self.shape, latent, hidden=widths)
        self.generator = generator or networks.generator(
            preset, latent, self.shape, output=output, hidden=hidden
        )
        self.critic = critic or networks.critic("mlp", (latent,), hidden=critic_hidden)

    def encode(self, x: Tensor) -> Tensor:
        """Codes (B, D), without noise."""
        with self.drawing(None):
            return self.encoder(x)

    def decode(self, z: Tensor) -> Tensor:
        """Examples (B, *shape)."""
        with self.drawing(None):
            return self.generator(z)

    def _code(self, x: Tensor) -> Tensor:
        code = self.encoder(x)
        return code + self.noise * torch.randn_like(code) if self.noise else code

    @property
    def value_range(self) -> tuple[float, float]:
        """That of ``output``."""
        return presets.RANGES[self.output]

    def critic_loss(self, x: Tensor, y: Tensor | None = None) -> dict[str, Tensor]:
        """``loss``, and mean scores of the ``prior`` and of ``codes``."""
        with torch.no_grad():
            code = self._code(x)
        prior, codes = self._score(torch.randn_like(code)), self._score(code)
        return {"loss": self.game.critic(prior, codes), "prior": prior.mean(), "codes": codes.mean()}

    def generator_loss(self, x: Tensor, y: Tensor | None = None) -> dict[str, Tensor]:
        """``loss``, ``adversarial``, ``mse`` (mean over values)."""
        code = self._code(x)
        error = (x - self.generator(code)).square().flatten(1)
        adversarial = self.game.generator(self._score(code))
        return {
            "loss": adversarial + self.weight * error.sum(1).mean(),
            "adversarial": adversarial,
            "mse": error.mean(),
        }

    def _score(self, code: Tensor) -> Tensor:
        return self.critic(code).reshape(len(code))

    def critic_modules(self) -> list[nn.Module]:
        return [self.critic]

    def generator_modules(self) -> list[nn.Module]:
        return [self.encoder, self.generator]

    def sample(self, n: int, *, seed: int | None = None) -> Tensor:
        """``n`` examples (n, *shape), decoded from N(0, I)."""
        with self.drawing(seed):
            return self.generator(torch.randn(n, self.latent, device=self.device))
