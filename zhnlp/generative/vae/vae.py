"""The variational autoencoder: each picture has a normal posterior of its own, and together they make N(0, I).

B batch, D latent dimensions, S samples.  In the notation of the posts p(z|x) is the encoder's side and q(x|z) the decoder's.

Source: 苏剑林, https://kexue.fm/archives/5253, https://kexue.fm/archives/5343, https://kexue.fm/archives/5383;
Kingma and Welling 2013, https://arxiv.org/abs/1312.6114
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from zhnlp.generative.model import GenerativeModel
from zhnlp.generative.networks import decoder as make_decoder
from zhnlp.generative.networks import encoder as make_encoder
from zhnlp.generative.vae.latent_report import ACTIVE, LatentReport, report_of
from zhnlp.generative.vae.likelihoods import make_likelihood
from zhnlp.generative.vae.means import BoundedMeans
from zhnlp.generative.vae.normals import Normal, standard_log_prob


class VAE(GenerativeModel):
    """E[-log q(x|z)] + β KL(p(z|x) ‖ N(0, I)), with z = μ(x) + σ(x) ε.

    The sum of both terms is what to watch: it is the KL of two joint distributions but for a constant, and neither term
    can reach 0 while the other does (post 5343).  The loss reports ``elbo``, the bound of log q(x) whatever the weights.

    Args:
        shape: of one example.
        latent: D.
        preset: networks of `zhnlp.generative.networks`.
        likelihood: "bernoulli", "gaussian" (σ stays), "gaussian_learned" (σ is a parameter) or "categorical".
        sigma: σ of the normal likelihoods in units of x, or where it begins.
        levels: of the categorical one.
        output: of the normal ones: "sigmoid" for values in [0, 1], "tanh" for [-1, 1], "linear" for any.
        beta: weight of the KL, 0 or more; 1 makes the loss a bound of -log q(x).
        kl_warmup: steps over which that weight climbs from 0; 0 for none.
        free_bits: nats of KL that each latent dimension has free, in the mean of a batch.
        n_samples: z drawn for each x in a step; one is enough when passes repeat (post 5383).
        bn_on_mu: normalise the means over the batch to variance ½, so that no dimension can collapse.
        hidden: widths of the preset's networks, see `zhnlp.generative.networks.encoder`.
        encoder, decoder: networks (B, *shape) → (B, 2 D) and (B, D) → what the likelihood asks for; None for the preset's.

    Raises:
        ValueError: an argument that cannot be.

    Example:
        >>> model = VAE((1, 8, 8), latent=2)
        >>> x = torch.rand(5, 1, 8, 8)
        >>> sorted(model.loss(x)), model.bound(x).shape
        (['active', 'elbo', 'kl', 'loss', 'rec'], torch.Size([5]))
        >>> model.encode(x).shape, model.sample(3, seed=0).shape
        (torch.Size([5, 2]), torch.Size([3, 1, 8, 8]))
    """

    def __init__(
        self,
        shape: Sequence[int],
        latent: int = 8,
        preset: str = "mlp",
        *,
        likelihood: str = "gaussian_learned",
        sigma: float = 0.3,
        levels: int | None = None,
        output: str = "sigmoid",
        beta: float = 1.0,
        kl_warmup: int = 0,
        free_bits: float = 0.0,
        n_samples: int = 1,
        bn_on_mu: bool = False,
        hidden: int | Sequence[int] = 256,
        encoder: nn.Module | None = None,
        decoder: nn.Module | None = None,
    ):
        super().__init__(shape)
        if min(latent, n_samples) < 1:
            raise ValueError(f"got latent={latent} and n_samples={n_samples}: expected 1 or more of each")
        if min(beta, kl_warmup, free_bits) < 0:
            raise ValueError(
                f"got beta={beta}, kl_warmup={kl_warmup} and free_bits={free_bits}: expected none below 0"
            )
        self.latent, self.beta, self.kl_warmup = latent, beta, kl_warmup
        self.free_bits, self.n_samples = free_bits, n_samples
        self.likelihood = make_likelihood(likelihood, sigma=sigma, levels=levels, output=output)
        self.encoder = encoder or make_encoder(preset, self.shape, self._encoder_features(), hidden=hidden)
        outputs = self.likelihood.outputs(self.shape)
        self.decoder = decoder or make_decoder(preset, self._decoder_features(), outputs, hidden=hidden)
        self.means = BoundedMeans(latent) if bn_on_mu else nn.Identity()

    # --- the parts, which subclasses change ------------------------------------------------------------------------

    def _encoder_features(self) -> int:
        return 2 * self.latent

    def _decoder_features(self) -> int:
        return self.latent

    def _posterior(self, x: Tensor, y: Tensor | None) -> Normal:
        posterior = Normal.of(self.encoder(x))
        return Normal(self.means(posterior.mean), posterior.log_variance)

    def _prior(self, y: Tensor | None) -> Normal | None:
        return None  # N(0, I)

    def _log_prior(self, z: Tensor, y: Tensor | None) -> Tensor:
        prior = self._prior(y)
        return (standard_log_prob(z) if prior is None else prior.log_prob(z)).sum(-1)  # (B,)

    def _decode(self, z: Tensor, y: Tensor | None) -> Tensor:
        return self.decoder(z)

    # --- the loss --------------------------------------------------------------------------------------------------

    def loss(self, x: Tensor, y: Tensor | None = None) -> dict[str, Tensor]:
        """``loss``, ``rec`` = -log q(x|z), ``kl``, ``elbo`` in nats, and ``active`` dimensions of this batch."""
        posterior = self._posterior(x, y)
        rec = -self._log_likelihood(x, posterior, y).mean()
        kl = posterior.kl(self._prior(y)).mean(0)  # (D,)
        charged = kl.clamp(min=self.free_bits) if self.free_bits else kl
        return {
            "loss": rec + self._weight() * charged.sum(),
            "rec": rec,
            "kl": kl.sum(),
            "elbo": -rec - kl.sum(),
            "active": (kl > ACTIVE).sum().to(rec.dtype),
        }

    def _log_likelihood(self, x: Tensor, posterior: Normal, y: Tensor | None) -> Tensor:
        """(S B,) log q(x|z) of S draws of z for each x."""
        times = self.n_samples
        if times > 1:
            posterior, x = posterior.repeat(times), x.repeat_interleave(times, 0)
            y = None if y is None else y.repeat_interleave(times, 0)
        return self.likelihood.log_prob(self._decode(posterior.draw(), y), x)

    def _weight(self) -> Tensor | float:
        """β, or a part of it while training warms up; evaluations have all of it."""
        if not self.kl_warmup or not self.training:
            return self.beta
        return self.beta * (self.steps / self.kl_warmup).clamp(max=1)

    @property
    def value_range(self) -> tuple[float, float]:
        """That of the likelihood."""
        return self.likelihood.range

    # --- what the trained model gives ------------------------------------------------------------------------------

    def bound(self, x: Tensor, y: Tensor | None = None, *, samples: int = 1, seed: int | None = 0) -> Tensor:
        """A lower bound of log q(x), (B,) in nats, by importance weights: log 1/S Σ q(x|z) q(z)/p(z|x).

        It rises with S in expectation, from the loss of training at 1 to log q(x) (Burda et al. 2015, arXiv 1509.00519).

        Args:
            samples: S.
            seed: of the draws.
        """
        with self.drawing(seed):
            posterior = self._posterior(x, y)
            total = x.new_full((len(x),), -math.inf)
            for _ in range(samples):
                z = posterior.draw()
                weight = self.likelihood.log_prob(self._decode(z, y), x) - posterior.log_prob(z).sum(-1)
                total = torch.logaddexp(total, weight + self._log_prior(z, y))
            return total - math.log(samples)

    def posterior(self, x: Tensor, y: Tensor | None = None) -> Normal:
        """p(z|x): means and log variances, (B, D) each."""
        with self.drawing(None):
            return self._posterior(x, y)

    def encode(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """The means of p(z|x), (B, D)."""
        return self.posterior(x, y).mean

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """The mean of q(x|z), (B, *shape)."""
        with self.drawing(None):
            return self.likelihood.mean(self._decode(z, y))

    def sample(
        self, n: int, *, seed: int | None = None, temperature: float = 1.0, noise: bool = False
    ) -> Tensor:
        """``n`` pictures of z from N(0, T² I).

        Args:
            temperature: T; below 1 more typical ones.
            noise: draw from q(x|z) instead of taking its mean.
        """
        with self.drawing(seed):
            z = temperature * torch.randn(n, self.latent, device=self.device)
            return self._picture(z, None, noise)

    def _picture(self, z: Tensor, y: Tensor | None, noise: bool) -> Tensor:
        output = self._decode(z, y)
        return self.likelihood.draw(output) if noise else self.likelihood.mean(output)

    def interpolate(self, first: Tensor, last: Tensor, steps: int = 8) -> Tensor:
        """Pictures (N, steps, *shape) on straight lines between the latent means of two pictures (N, *shape) each."""
        with self.drawing(None):
            begin, end = self._posterior(first, None).mean, self._posterior(last, None).mean
            way = torch.linspace(0, 1, steps, device=begin.device)[:, None]
            z = torch.lerp(begin[:, None], end[:, None], way)  # (N, steps, D)
            return self._picture(z.flatten(0, 1), None, False).unflatten(0, z.shape[:2])

    def report(self, x: Any, y: Tensor | None = None) -> LatentReport:
        """KL of each dimension, how many are active, and whether the posteriors add up to the prior."""
        return report_of(self.posterior(x, y), self._prior(y))
