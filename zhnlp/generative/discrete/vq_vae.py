"""VQ-VAE: an autoencoder whose code is a grid of whole numbers, and a transformer that writes such grids.

B batch, m × m' the grid, K codes of D features.  It is an autoencoder: no variational bound is lowered.

Source: 苏剑林, https://kexue.fm/archives/6760; van den Oord et al. 2017, https://arxiv.org/abs/1711.00937
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zhnlp.generative.discrete.code_prior import CodePrior
from zhnlp.generative.discrete.grids import channels_last, grid_decoder, grid_encoder, grid_size
from zhnlp.generative.discrete.quantizers.base import perplexity
from zhnlp.generative.discrete.quantizers.finite_scalar import FSQ
from zhnlp.generative.discrete.quantizers.moving_average import EMAQuantizer
from zhnlp.generative.discrete.quantizers.nearest import VectorQuantizer
from zhnlp.generative.discrete.quantizers.sim_vq import SimVQ
from zhnlp.generative.model import GenerativeModel
from zhnlp.generative.networks import RANGES
from zhnlp.generative.rows import as_rows

CODEBOOKS = {"ema": EMAQuantizer, "gradient": VectorQuantizer, "sim": SimVQ}
ACTIVATIONS = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "linear": lambda x: x}


class VQVAE(GenerativeModel):
    """mean (x - x̂)² + β (codebook loss + γ commitment loss), in squared units of x, not nats; all means over elements.

    `fit` trains the autoencoder, `fit_prior` the transformer over its codes, `sample` needs both.

    Args:
        shape: of a picture, (C, H, W), sides multiples of 2 to the ``halvings``.
        codes: K.
        dim: D.
        halvings: times that the encoder halves the sides.
        hidden, blocks: channels and residual blocks of the networks.
        quantizer: "ema", "gradient", "sim" (see `zhnlp.generative.discrete.quantizers`), or "fsq".
        levels: of "fsq", whose K is their product and whose D their number.
        decay: of the moving averages.
        reset_dead: whether codes that are hardly used are put elsewhere.
        beta, gamma: weights of the quantizer's losses.
        gradient: how it passes the rounding, "straight_through" or "rotation".
        output: "sigmoid" for values in [0, 1], "tanh" for [-1, 1], "linear" for any.
        prior: arguments of `CodePrior`.
        encoder, decoder: networks (B, C, H, W) → (B, D, m, m') and back.

    Raises:
        ValueError: an argument that cannot be.

    Example:
        >>> model = VQVAE((1, 8, 8), codes=32).eval()
        >>> codes = model.encode(torch.rand(2, 1, 8, 8))
        >>> codes.shape, model.decode(codes).shape
        (torch.Size([2, 4, 4]), torch.Size([2, 1, 8, 8]))
    """

    def __init__(
        self,
        shape: Sequence[int],
        codes: int = 64,
        dim: int = 16,
        *,
        halvings: int = 1,
        hidden: int = 64,
        blocks: int = 0,
        quantizer: str = "ema",
        levels: Sequence[int] | None = None,
        decay: float = 0.99,
        reset_dead: bool = True,
        beta: float = 1.0,
        gamma: float = 0.25,
        gradient: str = "straight_through",
        output: str = "sigmoid",
        prior: dict[str, Any] | None = None,
        encoder: nn.Module | None = None,
        decoder: nn.Module | None = None,
    ):
        super().__init__(shape)
        if output not in ACTIVATIONS:
            raise ValueError(f"output={output!r} is not known: expected one of {', '.join(ACTIVATIONS)}")
        if beta < 0:
            raise ValueError(f"beta={beta} is not possible: expected 0 or more")
        self.beta, self.output = beta, output
        if quantizer == "fsq":
            self.quantizer = FSQ(levels or ())
        elif quantizer in CODEBOOKS:
            self.quantizer = CODEBOOKS[quantizer](
                codes, dim, commit=gamma, reset_dead=reset_dead, decay=decay, gradient=gradient
            )
        else:
            raise ValueError(f"quantizer={quantizer!r} is not known: expected {', '.join(CODEBOOKS)} or fsq")
        sizes = {"halvings": halvings, "hidden": hidden, "blocks": blocks}
        self.grid = grid_size(self.shape, halvings)
        self.encoder = encoder or grid_encoder(self.shape, self.quantizer.dim, **sizes)
        self.decoder = decoder or grid_decoder(self.shape, self.quantizer.dim, **sizes)
        self.prior = CodePrior(self.grid, self.quantizer.size, **(prior or {})).requires_grad_(False)

    @property
    def value_range(self) -> tuple[float, float]:
        """That of ``output``."""
        return RANGES[self.output]

    # --- the autoencoder -------------------------------------------------------------------------------------------

    def loss(self, x: Tensor, y: Tensor | None = None) -> dict[str, Tensor]:
        """``loss``, ``rec`` (mean squared error), the quantizer's terms, and the ``perplexity`` of this batch."""
        rounded = self.quantizer(channels_last(self.encoder(x)))
        rec = F.mse_loss(self._picture(rounded.vectors), x)
        return {
            "loss": rec + self.beta * sum(rounded.losses.values(), rec.new_zeros(())),
            "rec": rec,
            **rounded.losses,
            "perplexity": perplexity(rounded.codes, self.quantizer.size),
        }

    def _picture(self, vectors: Tensor) -> Tensor:
        return ACTIVATIONS[self.output](self.decoder(vectors.movedim(-1, 1)))

    def features(self, x: Tensor) -> Tensor:
        """What is rounded, (B, m, m', D)."""
        with self.drawing(None):
            return channels_last(self.encoder(x))

    def encode(self, x: Tensor) -> Tensor:
        """The codes (B, m, m'), whole numbers from 0 to K - 1."""
        with self.drawing(None):
            return self.quantizer(channels_last(self.encoder(x))).codes

    def decode(self, codes: Tensor) -> Tensor:
        """The picture (B, *shape) of codes (B, m, m')."""
        with self.drawing(None):
            return self._picture(self.quantizer.lookup(codes))

    def interpolate(self, first: Tensor, last: Tensor, steps: int = 8) -> Tensor:
        """Pictures (N, steps, *shape) on the lines between the features of two pictures, each rounded to codes."""
        with self.drawing(None):
            way = torch.linspace(0, 1, steps, device=self.device)[:, None, None, None]
            z = torch.lerp(self.features(first)[:, None], self.features(last)[:, None], way)
            return self._picture(self.quantizer(z.flatten(0, 1)).vectors).unflatten(0, z.shape[:2])

    # --- the prior -------------------------------------------------------------------------------------------------

    def codes_of(self, data: Any) -> Tensor:
        """`encode` of many rows (N, *shape), in parts; (N, m, m')."""
        rows = as_rows(data, self.shape)
        return torch.cat([self.encode(part.to(self.device)).cpu() for part in rows.split(1024)])

    def fit_prior(self, data: Any, valid: Any = None, **training: Any) -> VQVAE:
        """Train the transformer on the codes of rows; with ``valid`` rows the best pass is kept.

        ``training`` is that of `fit`; ``prior.history_`` has the figures.
        """
        held_out = None if valid is None else self.codes_of(valid)
        self.prior.requires_grad_(True)
        try:
            self.prior.fit(self.codes_of(data), held_out, **training)
        finally:
            self.prior.requires_grad_(False)
        return self

    def sample(
        self,
        n: int,
        *,
        seed: int | None = None,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
    ) -> Tensor:
        """``n`` pictures of codes that the prior writes; warns where it has not been trained."""
        if not int(self.prior.steps):
            warnings.warn(
                "the prior over codes is not trained, so codes are drawn evenly. Next: fit_prior(data)",
                stacklevel=2,
            )
        codes = self.prior.sample(n, seed=seed, temperature=temperature, top_k=top_k, top_p=top_p)
        return self.decode(codes)

    def code_report(self, data: Any) -> dict[str, float]:
        """``perplexity``, ``used`` codes, and bits per dimension that the prior needs for the codes of these rows."""
        codes = self.codes_of(data)
        log_q = torch.cat([self.prior.log_prob(part.to(self.device)).cpu() for part in codes.split(1024)])
        return {
            "perplexity": perplexity(codes, self.quantizer.size).item(),
            "used": float(len(codes.unique())),
            "nats_per_code": -log_q.mean().item() / codes[0].numel(),
            "bits_per_dimension": -log_q.mean().item() / math.log(2) / math.prod(self.shape),
        }
