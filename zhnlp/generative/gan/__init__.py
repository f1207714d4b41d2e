"""Adversarial models: losses, constraints, f-divergences, the proximal regulariser, AAE, BiGAN.  Real = high everywhere."""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "FDivergence": "divergences",
        "adversarial_loss": "losses",
        "estimate_divergence": "divergences",
    },
)
