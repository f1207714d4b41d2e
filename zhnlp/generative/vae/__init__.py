"""Variational autoencoders: plain, conditional, clustering, and with discrete latents.

    vae.py              the plain one, and what the others change
    conditional_vae.py  pictures of an asked class
    cluster_vae.py      classes without labels; cluster_fitting.py is its two stages
    discrete_vae.py     categorical latents by Gumbel softmax
    likelihoods.py      q(x|z): Bernoulli, normal, categorical
    normals.py          posteriors and priors, and their KL
    means.py            batch normalisation of posterior means
    latent_report.py    which dimensions carry something
    latent_pictures.py  manifold, and plots of it

Source: https://kexue.fm/archives/5253, 5343, 5383, 5887, 6705
"""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "VAE": "vae",
        "Bernoulli": "likelihoods",
        "BoundedMeans": "means",
        "Categorical": "likelihoods",
        "ClusterVAE": "cluster_vae",
        "ConditionalVAE": "conditional_vae",
        "DiscreteVAE": "discrete_vae",
        "Gaussian": "likelihoods",
        "LatentReport": "latent_report",
        "Normal": "normals",
        "make_likelihood": "likelihoods",
        "manifold": "latent_pictures",
    },
)
