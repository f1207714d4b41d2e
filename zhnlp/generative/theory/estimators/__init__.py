"""Gradients of expectations through sampling: score function, reparametrisation, Gumbel-softmax, straight-through.

    estimate.py      draws of an estimator, their bias and variance
    gaussian.py      z ~ N(μ, σ²): score function against reparametrisation
    categorical.py   one-hot samples: REINFORCE with baselines, Gumbel-softmax, straight-through, the exact sum
    temperatures.py  what tau trades
    plots.py         all of it drawn

The layer itself is `zhnlp.nn.gumbel`.

Source: https://kexue.fm/archives/6705
"""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "GradientEstimate": "estimate",
        "TemperatureCurve": "temperatures",
        "bias_variance_table": "estimate",
        "exact_gradient": "categorical",
        "expectation": "categorical",
        "gaussian_grad_estimate": "gaussian",
        "grad_estimate": "categorical",
        "plot_estimates": "plots",
        "plot_schedule": "plots",
        "plot_temperatures": "plots",
        "temperature_curve": "temperatures",
    },
)
