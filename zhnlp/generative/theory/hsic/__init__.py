"""HSIC: a measure of dependence with gradients, tests of independence, and CKA between layers.

    kernels.py       Gaussian, Laplace, linear and delta kernels; centring by means, O(n²)
    estimator.py     hsic: biased, unbiased, normalised
    independence.py  hsic_test: by permutations, by a gamma distribution
    cka.py, plots.py how alike two layers are, and the heat map

Source: https://kexue.fm/archives/6910
"""

from zhnlp.generative.theory.hsic.cka import cka, cka_map
from zhnlp.generative.theory.hsic.estimator import hsic
from zhnlp.generative.theory.hsic.independence import HSICTest, hsic_test
from zhnlp.generative.theory.hsic.kernels import centre, gram, median_distance, u_centre
from zhnlp.generative.theory.hsic.plots import plot_cka

__all__ = [
    "HSICTest",
    "centre",
    "cka",
    "cka_map",
    "gram",
    "hsic",
    "hsic_test",
    "median_distance",
    "plot_cka",
    "u_centre",
]
