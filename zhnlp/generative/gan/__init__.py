"""Adversarial models: real = high everywhere.

gan.py               GAN with any loss and constraint; WGAN
aae.py, bigan.py     adversarial autoencoder; a critic of pairs
proximal.py          the regulariser of post 5716, as it was meant
losses/              what critic and generator lower
constraints/         penalties on gradients, clipping, spectral norm
divergences/         f-divergences, their conjugates, estimates from samples
distance.py          what a critic says of the distance of two samples
networks.py          generators, critics, critics of pairs
"""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "AAE": "aae",
        "BiGAN": "bigan",
        "CriticDistance": "distance",
        "Estimate": "divergences",
        "FDivergence": "divergences",
        "GAN": "gan",
        "ProximalRegularizer": "proximal",
        "WGAN": "gan",
        "adversarial_loss": "losses",
        "estimate_divergence": "divergences",
        "critic_distance": "distance",
        "penalty": "constraints",
        "proximal_term": "proximal",
    },
)
