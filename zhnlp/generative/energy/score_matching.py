"""Denoising score matching: −∇U learns the way back from noisy to clean data, without any sampling.

Source: Vincent 2011, Neural Computation 23; Song and Ermon 2019, arXiv 1907.05600
"""

from __future__ import annotations

import torch
from torch import Tensor

from zhnlp.generative.energy.langevin import Energy


def denoising_score_matching(
    energy: Energy, x: Tensor, sigma: float, *, noise: Tensor | None = None
) -> Tensor:
    """½ |σ ∇U(x + σε) − ε|², mean over the batch: least where e^{−U} is the density of data with noise N(0, σ²).

    Scaled with σ², so that levels of noise can be compared; D/2 is what U = 0 has.

    Args:
        energy: points → energies, twice differentiable.
        x: (B, *shape).
        sigma: of the noise, > 0, in units of the data.
        noise: ε, as x; drawn unless given.

    Example:
        >>> x = torch.randn(4, 3)
        >>> flat = denoising_score_matching(lambda x: 0 * x.sum(1), x, 0.1, noise=torch.ones(4, 3))
        >>> flat.item()
        1.5
    """
    noise = torch.randn_like(x) if noise is None else noise
    with torch.enable_grad():
        noisy = (x + sigma * noise).detach().requires_grad_()
        slope = torch.autograd.grad(energy(noisy).sum(), noisy, create_graph=True)[0]
    return 0.5 * (sigma * slope - noise).square().flatten(1).sum(1).mean()
