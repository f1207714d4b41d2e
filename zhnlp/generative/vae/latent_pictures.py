"""Walks through a latent space: the manifold of two dimensions, lines between pictures, and plots of both.

Source: 苏剑林, https://kexue.fm/archives/5253
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from zhnlp.generative.plots import new_figure, save

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from zhnlp.generative.vae.vae import VAE


def manifold(model: VAE, side: int = 15, *, low: float = 0.05, high: float = 0.95) -> Tensor:
    """Pictures (side², *shape) at a lattice of normal quantiles of a model with two latent dimensions, row by row.

    Raises:
        ValueError: the model has another number of dimensions.

    Example:
        >>> from zhnlp.generative.vae import VAE
        >>> manifold(VAE((1, 8, 8), latent=2), side=3).shape
        torch.Size([9, 1, 8, 8])
    """
    if model.latent != 2:
        raise ValueError(
            f"the model has {model.latent} latent dimensions: a manifold needs 2. Next: latent=2, or model.interpolate(…)"
        )
    quantiles = torch.special.ndtri(torch.linspace(low, high, side, dtype=torch.float64)).float()
    z = torch.cartesian_prod(quantiles.flip(0), quantiles).flip(-1)  # up is z₂, right is z₁
    return model.decode(z.to(model.device)).cpu()


def side_by_side(*rows: Tensor) -> Tensor:
    """Pictures (N, *shape) of each kind, as columns of one grid: the first of every kind, the second, …

    Example:
        >>> side_by_side(torch.zeros(2, 1, 8, 8), torch.ones(2, 1, 8, 8)).mean((1, 2, 3))
        tensor([0., 1., 0., 1.])
    """
    return torch.stack([row.cpu() for row in rows], 1).flatten(0, 1)


def plot_kl(kl: Any, path: str | Path | None = None, *, title: str = "") -> Figure:
    """Bars of the KL of each latent dimension (D,), greatest first."""
    figure, axes = new_figure(5.0, 3.0)
    values = sorted((float(value) for value in kl), reverse=True)
    axes.bar(range(1, len(values) + 1), values)
    axes.set_xlabel("latent dimension, by KL")
    axes.set_ylabel("KL in nats")
    axes.set_title(title, fontsize=9)
    return save(figure, path)
