"""A VAE whose latents are categorical: N variables of C classes each, drawn by Gumbel softmax while it learns.

B batch, N variables, C classes.

Source: 苏剑林, https://kexue.fm/archives/6705; Jang et al. 2016, https://arxiv.org/abs/1611.01144
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zhnlp.generative.model import GenerativeModel
from zhnlp.generative.networks import decoder as make_decoder
from zhnlp.generative.networks import encoder as make_encoder
from zhnlp.generative.vae.latent_report import ACTIVE
from zhnlp.generative.vae.likelihoods import make_likelihood
from zhnlp.nn.gumbel import exponential_schedule, gumbel_max, gumbel_softmax, one_hot


class DiscreteVAE(GenerativeModel):
    """E[-log q(x|z)] + KL(p(z|x) ‖ uniform), z a soft one-hot vector at temperature τ.

    The temperature falls with the steps, τ = τ₁ + (1 - τ₁) rateˢ.  Above 0 a soft draw is no draw from p(z|x), so the loss of
    training is no bound; in evaluation mode draws are one-hot, and then ``elbo`` is one.

    Args:
        shape: of one example.
        variables: N.
        classes: C.
        preset, hidden: networks of `zhnlp.generative.networks`.
        likelihood, sigma, levels, output: see `zhnlp.generative.vae.VAE`.
        final_temperature: τ₁ > 0.
        cooling: the rate, in (0, 1]; 1 stays at τ = 1.
        hard: one-hot forward, soft backward (straight-through).
        beta: weight of the KL.
        encoder, decoder: networks (B, *shape) → (B, N C) and (B, N C) → what the likelihood asks for.

    Raises:
        ValueError: an argument that cannot be.

    Example:
        >>> model = DiscreteVAE((1, 8, 8), variables=4, classes=3)
        >>> codes = model.encode(torch.rand(2, 1, 8, 8))
        >>> codes.shape, model.decode(codes).shape, model.sample(3, seed=0).shape
        (torch.Size([2, 4]), torch.Size([2, 1, 8, 8]), torch.Size([3, 1, 8, 8]))
    """

    def __init__(
        self,
        shape: Sequence[int],
        variables: int = 32,
        classes: int = 10,
        preset: str = "mlp",
        *,
        likelihood: str = "gaussian_learned",
        sigma: float = 0.3,
        levels: int | None = None,
        output: str = "sigmoid",
        final_temperature: float = 0.01,
        cooling: float = 0.999,
        hard: bool = False,
        beta: float = 1.0,
        hidden: int | Sequence[int] = 256,
        encoder: nn.Module | None = None,
        decoder: nn.Module | None = None,
    ):
        super().__init__(shape)
        if variables < 1 or classes < 2 or beta < 0:
            raise ValueError(
                f"got variables={variables}, classes={classes}, beta={beta}: expected 1, 2 and 0 or more"
            )
        exponential_schedule(1.0, final_temperature, cooling)  # refuses what cannot be
        self.variables, self.classes, self.beta, self.hard = variables, classes, beta, hard
        self.final_temperature, self.cooling = final_temperature, cooling
        self.likelihood = make_likelihood(likelihood, sigma=sigma, levels=levels, output=output)
        size = variables * classes
        self.encoder = encoder or make_encoder(preset, self.shape, size, hidden=hidden)
        self.decoder = decoder or make_decoder(
            preset, size, self.likelihood.outputs(self.shape), hidden=hidden
        )

    @property
    def temperature(self) -> float:
        """τ now."""
        return exponential_schedule(1.0, self.final_temperature, self.cooling)(int(self.steps))

    @property
    def value_range(self) -> tuple[float, float]:
        """That of the likelihood."""
        return self.likelihood.range

    def logits(self, x: Tensor) -> Tensor:
        """Of p(z|x), (B, N, C)."""
        return self.encoder(x).unflatten(1, (self.variables, self.classes))

    def loss(self, x: Tensor, y: Tensor | None = None) -> dict[str, Tensor]:
        """``loss``, ``rec``, ``kl``, ``elbo`` in nats, ``active`` variables of this batch, and the ``temperature``."""
        log_p = self.logits(x).log_softmax(-1)
        rec = -self.likelihood.log_prob(self._decode(self._draw(log_p)), x).mean()
        kl = self._kl(log_p).mean(0)  # (N,)
        return {
            "loss": rec + self.beta * kl.sum(),
            "rec": rec,
            "kl": kl.sum(),
            "elbo": -rec - kl.sum(),
            "active": (kl > ACTIVE).sum().to(rec.dtype),
            "temperature": rec.new_tensor(self.temperature),
        }

    def _draw(self, log_p: Tensor) -> Tensor:
        """(B, N, C): soft while training, one-hot after."""
        if not self.training:
            return one_hot(gumbel_max(log_p), log_p)
        return gumbel_softmax(log_p, self.temperature, hard=self.hard)

    def _kl(self, log_p: Tensor) -> Tensor:
        """KL of each variable to the uniform one, (B, N) in 0 … log C nats: log C less the entropy."""
        return (log_p.exp() * log_p).sum(-1) + math.log(self.classes)

    def _decode(self, z: Tensor) -> Tensor:
        return self.decoder(z.flatten(1))

    def bound(self, x: Tensor, y: Tensor | None = None, *, samples: int = 1, seed: int | None = 0) -> Tensor:
        """A lower bound of log q(x), (B,) in nats, with one-hot draws, by importance weights as in `VAE.bound`."""
        with self.drawing(seed):
            log_p = self.logits(x).log_softmax(-1)
            total = x.new_full((len(x),), -math.inf)
            for _ in range(samples):
                z = self._draw(log_p)
                weight = -(z * log_p).sum((1, 2)) - self.variables * math.log(self.classes)
                total = torch.logaddexp(total, weight + self.likelihood.log_prob(self._decode(z), x))
            return total - math.log(samples)

    def kl(self, x: Tensor) -> Tensor:
        """Mean KL of each variable over the rows, (N,) in nats; a variable above 0.01 is active."""
        with self.drawing(None):
            return self._kl(self.logits(x).log_softmax(-1)).mean(0)

    def active(self, x: Tensor) -> float:
        """Share of the variables that are active."""
        return (self.kl(x) > ACTIVE).double().mean().item()

    def encode(self, x: Tensor) -> Tensor:
        """The likeliest class of each variable, (B, N) whole numbers."""
        with self.drawing(None):
            return self.logits(x).argmax(-1)

    def decode(self, codes: Tensor) -> Tensor:
        """The mean of q(x|z) of codes (B, N), or of one-hot or soft vectors (B, N, C)."""
        with self.drawing(None):
            z = codes if codes.is_floating_point() else F.one_hot(codes, self.classes).float()
            return self.likelihood.mean(self._decode(z))

    def sample(self, n: int, *, seed: int | None = None, noise: bool = False) -> Tensor:
        """``n`` pictures of evenly drawn classes; ``noise`` draws from q(x|z) instead of taking its mean."""
        with self.drawing(seed):
            codes = torch.randint(self.classes, (n, self.variables), device=self.device)
            output = self._decode(F.one_hot(codes, self.classes).float())
            return self.likelihood.draw(output) if noise else self.likelihood.mean(output)
