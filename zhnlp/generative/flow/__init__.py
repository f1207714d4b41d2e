"""Flows: maps from data to normal noise that can be undone, with exact likelihood; and f-VAE, a flow behind an autoencoder.

    bijection.py                          what a layer is; chains of them
    actnorm.py, permutation.py, linear.py the simple layers
    coupling.py, conditioners.py          one half moves by what a network says of the other
    squeeze.py, split.py                  several scales of an image
    levels.py                             from pixels to real numbers; bits per dimension
    density.py, interpolation.py          what flows and f-VAEs share: bounds, samples, ways between examples
    real_nvp.py, glow.py, model.py        layers of rows and of images; the models
    f_vae.py, residual.py                 autoencoders whose prior and posterior pass through a flow

Source: https://kexue.fm/archives/5977
"""

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "ActNorm": "actnorm",
        "Bijection": "bijection",
        "Chain": "bijection",
        "Coupling": "coupling",
        "DensityModel": "density",
        "FVAE": "f_vae",
        "Flatten": "bijection",
        "Flow": "model",
        "Glow": "model",
        "Identity": "bijection",
        "InvertibleLinear": "linear",
        "Permutation": "permutation",
        "RealNVP": "model",
        "ResidualConvolutions": "residual",
        "ResidualMLP": "residual",
        "Split": "split",
        "Squeeze": "squeeze",
        "bits_per_dimension": "levels",
        "dequantise": "levels",
        "glow_layers": "glow",
        "line_weights": "interpolation",
        "mix": "interpolation",
        "normal_log_prob": "model",
        "quantise": "levels",
        "real_nvp_layers": "real_nvp",
        "square_weights": "interpolation",
    },
)
