"""f-divergences: the table of 6016, and estimates from samples by a critic.

rows.py           f, slope, conjugate, activation, one row a divergence
lambert.py        Lambert's W in the logarithm, for Jeffreys
f_divergence.py   a divergence by its name
critic.py         a small critic and its training on two fixed samples
estimate.py       lower bounds from samples that the critic has not seen
"""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "Estimate": "estimate",
        "FDivergence": "f_divergence",
        "estimate_divergence": "estimate",
        "log_wright_omega": "lambert",
        "small_critic": "critic",
        "train_critic": "critic",
        "wright_omega": "lambert",
    },
)
