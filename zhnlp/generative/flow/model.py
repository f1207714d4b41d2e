"""Flows: data are normal noise seen through a map that can be undone, so their likelihood is exact.

Source: Dinh et al. 2017, arXiv 1605.08803; https://kexue.fm/archives/5977
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor

from zhnlp.generative.flow.bijection import Bijection
from zhnlp.generative.flow.density import DensityModel
from zhnlp.generative.flow.glow import glow_layers
from zhnlp.generative.flow.real_nvp import real_nvp_layers


def normal_log_prob(z: Tensor) -> Tensor:
    """(B,) nats of rows under N(0, 1): −½ |z|² − d/2 ln 2π.

    Example:
        >>> import torch
        >>> round(normal_log_prob(torch.zeros(1, 2)).item(), 4)  # -ln 2π
        -1.8379
    """
    return -0.5 * z.flatten(1).square().sum(1) - 0.5 * z[0].numel() * math.log(2 * math.pi)


class Flow(DensityModel):
    """log p(x) = log N(f(x); 0, 1) + log|det ∂f/∂x| for any bijection f of one's own.

    Args:
        bijection: rows or images of ``shape`` → rows (B, D).
        shape: of one example.
        levels: as `zhnlp.generative.flow.DensityModel` has it.

    Example:
        >>> import torch
        >>> from zhnlp.generative.flow import ActNorm
        >>> flow = Flow(ActNorm(2), (2,))
        >>> flow.log_prob(torch.zeros(1, 2)).item() == normal_log_prob(torch.zeros(1, 2)).item()
        True
    """

    def __init__(self, bijection: Bijection, shape: Sequence[int], *, levels: int | None = None):
        super().__init__(shape, levels)
        self.bijection = bijection
        self.noise_size = self.dimensions

    def log_density(self, real: Tensor) -> Tensor:
        noise, log_det = self.bijection(real)
        return normal_log_prob(noise) + log_det

    def log_prob(self, x: Tensor) -> Tensor:
        """(B,) nats, the exact log-density of real data, through which gradients go.

        Raises:
            ValueError: the model has levels, so that an example has a probability and no density.
        """
        if self.levels is not None:
            raise ValueError(
                f"data of {self.levels} levels have a probability, of which a flow knows a bound. Next: bound(x), or "
                "log_density(y) of real y in [0, 1)"
            )
        return self.log_density(x)

    def encode_real(self, real: Tensor) -> Tensor:
        return self.bijection(real)[0]

    def decode_real(self, noise: Tensor) -> Tensor:
        return self.bijection.inverse(noise).view(len(noise), *self.shape)


class RealNVP(Flow):
    """Affine (or additive) couplings between rows; images are taken as rows.

    Args:
        shape: of one example, two numbers or more.
        couplings: how many; 2 or more, so that every number moves.
        hidden, depth: width and layers of their networks.
        coupling: "affine" or "additive" (NICE).
        mixing: between couplings: "permutation" (random and reversed in turn), "reversal" or "linear" (an invertible matrix).
        actnorm: between couplings; without it and with "reversal" it is the plainest of flows.
        levels: values of a pixel, None for real numbers.
        seed: of permutations and matrices; the networks start from torch's global generator.

    Example:
        >>> import torch
        >>> flow = RealNVP((2,), couplings=4, hidden=16)
        >>> flow.log_prob(torch.randn(5, 2)).shape, flow.sample(3, seed=0).shape
        (torch.Size([5]), torch.Size([3, 2]))
    """

    def __init__(
        self,
        shape: Sequence[int],
        *,
        couplings: int = 8,
        hidden: int = 128,
        depth: int = 2,
        coupling: str = "affine",
        mixing: str = "permutation",
        actnorm: bool = True,
        levels: int | None = None,
        seed: int = 0,
    ):
        layers = real_nvp_layers(
            shape,
            couplings=couplings,
            hidden=hidden,
            depth=depth,
            coupling=coupling,
            mixing=mixing,
            actnorm=actnorm,
            seed=seed,
        )
        super().__init__(layers, shape, levels=levels)


class Glow(Flow):
    """Steps of actnorm, 1×1 convolution and coupling at several scales of an image.

    Args:
        shape: (C, H, W), H and W multiples of 2^scales.
        scales: squeezes; after each but the last half of the channels leaves.
        blocks: steps a scale.
        width: channels of the networks inside couplings.
        coupling: "affine" or "additive".
        mixing: "linear" (1×1 convolution) or "permutation" (the choice of post 5977).
        levels: values of a pixel, None for real numbers.
        seed: of permutations and matrices.

    Example:
        >>> import torch
        >>> glow = Glow((1, 8, 8), blocks=2, width=8, levels=17)
        >>> glow.sample(3, seed=0).shape, glow.bound(torch.zeros(2, 1, 8, 8)).shape
        (torch.Size([3, 1, 8, 8]), torch.Size([2]))
    """

    def __init__(
        self,
        shape: Sequence[int],
        *,
        scales: int = 2,
        blocks: int = 4,
        width: int = 64,
        coupling: str = "affine",
        mixing: str = "linear",
        levels: int | None = None,
        seed: int = 0,
    ):
        layers = glow_layers(
            shape, scales=scales, blocks=blocks, width=width, coupling=coupling, mixing=mixing, seed=seed
        )
        super().__init__(layers, shape, levels=levels)
