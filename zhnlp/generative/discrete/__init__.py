"""Pictures as short lists of whole numbers: vector quantisation, and a language model over the codes.

    vq_vae.py           the autoencoder with a grid of codes, its prior, samples
    grids.py            encoder and decoder that keep the grid
    quantizers/         nearest vectors (gradient, moving average, SimVQ), and finite scalars
    code_prior.py       a causal transformer over the grid, read row by row

Source: https://kexue.fm/archives/6760, 9826, 10519, 10489
"""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "FSQ": "quantizers.finite_scalar",
        "CodePrior": "code_prior",
        "EMAQuantizer": "quantizers.moving_average",
        "Quantized": "quantizers.base",
        "SimVQ": "quantizers.sim_vq",
        "VQVAE": "vq_vae",
        "VectorQuantizer": "quantizers.nearest",
        "perplexity": "quantizers.base",
        "rotated": "quantizers.gradients",
    },
)
