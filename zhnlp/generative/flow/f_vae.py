"""f-VAE: an autoencoder that keeps the size of its input, with a flow as the prior of its code.

u noise, h = E(x) + σ₁u code, F(h) ~ N(0, 1), x ~ N(G(h), σ₂²); E and G need no Jacobian, F does.

    −log p(x) ≤ |x − G(h)|² / 2σ₂² + D ln σ₂√2π  −  ln N(F(h); 0, 1) − ln|det ∂F/∂h|  −  d ln σ₁ + ln N(u; 0, 1)

Source: 苏剑林, https://kexue.fm/archives/5977, arXiv 1809.05861
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from zhnlp.generative.flow.bijection import Bijection
from zhnlp.generative.flow.density import DensityModel
from zhnlp.generative.flow.glow import glow_layers
from zhnlp.generative.flow.model import normal_log_prob
from zhnlp.generative.flow.real_nvp import real_nvp_layers
from zhnlp.generative.flow.residual import ResidualConvolutions, ResidualMLP

PRESETS = ("mlp", "conv")
Sigma = str | float


class FVAE(DensityModel):
    """A VAE whose posterior and prior go through a flow F; with F the identity it is a VAE, with E and G the identity a flow.

    Args:
        shape: of one example.
        latent: "same" keeps the size (residual networks), a whole number d makes a code of d numbers (plain networks).
        preset: networks and flow where none are given: "mlp" (MLPs and RealNVP; images as rows) or "conv" (residual convolutions
            after squeezes, and Glow; latent "same" only).
        encoder: E, (B, *shape) → (B, *code), of one's own; twice the first size of code with sigma1="head".
        decoder: G, (B, *code) → (B, *shape).
        flow: F, a `Bijection` (B, *code) → rows (B, d).
        sigma1: of the code: "scalar", "per_dim" (the published program), "head" (the encoder says it, as in a VAE), or a number, which
            stays.
        sigma2: of the example: "scalar", "per_dim" or a number.
        levels: values of a pixel, None for real numbers.
        couplings: of the flow; for "conv" steps a scale.
        hidden: width of MLPs and of the networks inside couplings.
        scales, blocks: of "conv": squeezes of E, and residual steps a scale.
        start: of learned σ₁ and σ₂.
        seed: of the flow's permutations.

    Raises:
        ValueError: a setting that is unknown, or networks that do not fit each other.

    Example:
        >>> model = FVAE((1, 8, 8), couplings=2, hidden=16, levels=17)
        >>> model.sample(3, seed=0, temperature=0.8).shape, model.bound(torch.zeros(2, 1, 8, 8), seed=0).shape
        (torch.Size([3, 1, 8, 8]), torch.Size([2]))
    """

    def __init__(
        self,
        shape: Sequence[int],
        *,
        latent: str | int = "same",
        preset: str = "mlp",
        encoder: nn.Module | None = None,
        decoder: nn.Module | None = None,
        flow: Bijection | None = None,
        sigma1: Sigma = "scalar",
        sigma2: Sigma = "scalar",
        levels: int | None = None,
        couplings: int = 4,
        hidden: int = 128,
        scales: int = 2,
        blocks: int = 3,
        start: float = 0.1,
        seed: int = 0,
    ):
        super().__init__(shape, levels)
        if preset not in PRESETS:
            raise ValueError(f"preset got {preset!r}: expected {' or '.join(map(repr, PRESETS))}")
        if latent != "same" and (isinstance(latent, bool) or not isinstance(latent, int) or latent < 1):
            raise ValueError(f'latent got {latent!r}: expected "same" or a whole number of 1 or more')
        if preset == "conv" and (latent != "same" or sigma1 == "head") and encoder is None:
            raise ValueError(
                f'preset "conv" got latent={latent!r}, sigma1={sigma1!r}: its encoder keeps the size and has no heads. '
                'Next: preset="mlp", or an encoder= of your own'
            )
        self.head = sigma1 == "head"
        size = self.dimensions if latent == "same" else latent
        if preset == "conv":
            self.encoder = encoder or ResidualConvolutions(self.shape[0], scales=scales, blocks=blocks)
            self.decoder = decoder or ResidualConvolutions(
                self.shape[0], scales=scales, blocks=blocks, back=True
            )
        else:
            self.encoder = encoder or rows_to_rows(self.dimensions, size * (2 if self.head else 1), hidden)
            self.decoder = decoder or nn.Sequential(
                *rows_to_rows(size, self.dimensions, hidden), nn.Unflatten(1, self.shape)
            )
        self.code_shape = self._shape_of_code()
        self.noise_size = math.prod(self.code_shape)
        if flow is None and preset == "conv":
            flow = glow_layers(
                self.code_shape,
                scales=1,
                blocks=couplings,
                width=hidden,
                mixing="permutation",
                seed=seed,
                squeezes=False,
            )
        elif flow is None:
            flow = real_nvp_layers(self.code_shape, couplings=couplings, hidden=hidden, seed=seed)
        self.flow = flow
        self.log_sigma1 = None if self.head else _log_sigma("sigma1", sigma1, self.code_shape, start)
        self.log_sigma2 = _log_sigma("sigma2", sigma2, self.shape, start)
        self._check_sizes()

    # --- the model -------------------------------------------------------------------------------------------------

    def posterior(self, real: Tensor) -> tuple[Tensor, Tensor]:
        """E(y) and ln σ₁, of the code before the flow; they broadcast against each other."""
        if self.head:
            mean, log_sigma = self.encoder(real).chunk(2, dim=1)
            return mean, log_sigma
        return self.encoder(real), self.log_sigma1

    def log_density(self, real: Tensor) -> Tensor:
        """(B,) nats: the bound of the log-density of real examples, with one draw of u for each row."""
        mean, log_sigma1 = self.posterior(real)
        u = torch.randn_like(mean)
        code = mean + log_sigma1.exp() * u
        noise, log_det = self.flow(code)
        missed = (real - self.decoder(code)) * (-self.log_sigma2).exp()
        reconstruction = normal_log_prob(missed) - _sum_over(self.log_sigma2, real)
        return (
            reconstruction
            + normal_log_prob(noise)
            + log_det
            + _sum_over(log_sigma1, mean)
            - normal_log_prob(u)
        )

    def loss(self, x: Tensor, y: Tensor | None = None) -> dict[str, Tensor]:
        """As of every density, with the means of σ₁ (unless the encoder says it) and σ₂."""
        sigmas = {"sigma2": self.log_sigma2.detach().exp().mean()}
        if not self.head:
            sigmas["sigma1"] = self.log_sigma1.detach().exp().mean()
        return super().loss(x, y) | sigmas

    def encode_real(self, real: Tensor) -> Tensor:
        """Noise F(E(x)), (B, d)."""
        return self.flow(self.posterior(real)[0])[0].flatten(1)

    def decode_real(self, noise: Tensor) -> Tensor:
        """G(F⁻¹(noise)): the mean of the example, without the pixel noise σ₂."""
        return self.decoder(self.flow.inverse(noise).view(len(noise), *self.code_shape))

    def log_prob_bound(self, x: Tensor, *, samples: int = 1, seed: int | None = 0) -> dict[str, Tensor]:
        """``nats`` and ``bits_per_dim`` of each row, (B,): `bound` and `bits_per_dim` of the same draws."""
        nats = self.bound(x, samples=samples, seed=seed)
        return {"nats": nats, "bits_per_dim": -nats / (self.dimensions * math.log(2))}

    # --- what fits -------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def _shape_of_code(self) -> tuple[int, ...]:
        was = self.encoder.training
        code = self.encoder.eval()(torch.zeros(1, *self.shape))
        self.encoder.train(was)
        if self.head:
            if code.shape[1] % 2:
                raise ValueError(
                    f'sigma1="head" and the encoder gives {tuple(code.shape)}: expected an even dimension 1, mean and ln σ₁'
                )
            code = code.chunk(2, dim=1)[0]
        return tuple(code.shape[1:])

    @torch.no_grad()
    def _check_sizes(self) -> None:
        was = self.decoder.training
        made = self.decoder.eval()(torch.zeros(1, *self.code_shape))
        self.decoder.train(was)
        if made.shape[1:] != self.shape:
            raise ValueError(
                f"the decoder makes {tuple(made.shape[1:])} of a code {self.code_shape}: expected {self.shape}"
            )


def rows_to_rows(size: int, out: int, hidden: int) -> nn.Sequential:
    """(B, …) → (B, out): residual where the size stays, else two layers of SiLU and a linear one."""
    if size == out:
        return nn.Sequential(nn.Flatten(), ResidualMLP(size, hidden=hidden))
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(size, hidden),
        nn.SiLU(),
        nn.Linear(hidden, hidden),
        nn.SiLU(),
        nn.Linear(hidden, out),
    )


def _log_sigma(name: str, kind: Sigma, shape: Sequence[int], start: float) -> Tensor:
    if isinstance(kind, (int, float)) and not isinstance(kind, bool) and kind > 0:
        return nn.Parameter(torch.tensor(math.log(kind)), requires_grad=False)
    if kind not in ("scalar", "per_dim"):
        choices = '"scalar", "per_dim"' + (', "head"' if name == "sigma1" else "")
        raise ValueError(f"{name} got {kind!r}: expected {choices} or a number above 0")
    return nn.Parameter(torch.full(() if kind == "scalar" else tuple(shape), math.log(start)))


def _sum_over(log_sigma: Tensor, like: Tensor) -> Tensor:
    """Σ ln σ over the numbers of each row of ``like``, (B,)."""
    return log_sigma.expand_as(like).flatten(1).sum(1)
