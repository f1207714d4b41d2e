"""What batch normalisation changes: second moments of inputs, curvature of the loss, learning rates that stay stable.

    moments.py     E[x ⊗ x] raw, centred, standardised
    hessian.py     the greatest eigenvalue, by power iteration
    stability.py   the greatest stable learning rate, by trying
    regression.py  softmax regression with its exact Hessian
    report.py      all of it for any torch model on a batch
    layers.py      batch normalisation that only takes the mean off
    plots.py       what a step does; moments

Source: https://kexue.fm/archives/6992
"""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "MeanOnlyBatchNorm": "layers",
        "MomentReport": "moments",
        "SecondMoment": "moments",
        "SmoothnessReport": "report",
        "SoftmaxRegression": "regression",
        "TopEigenvalue": "hessian",
        "largest_stable_lr": "stability",
        "moment_report": "moments",
        "plot_moments": "plots",
        "plot_steps": "plots",
        "second_moment": "moments",
        "smoothness_report": "report",
        "top_eigenvalue": "hessian",
    },
)
