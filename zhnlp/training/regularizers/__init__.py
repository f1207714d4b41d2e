"""Parts that change the loss or add gradients: flooding, gradient penalty, FGM, VAT, R-Drop.  One a file; `base.py` is the protocol."""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "FGM": "fgm",
        "FloodingLoss": "flooding",
        "GradientPenalty": "gradient_penalty",
        "RDrop": "r_drop",
        "Regularizer": "base",
        "VAT": "vat",
        "find_flood_level": "flooding",
        "flood": "flooding",
        "regularized_backward": "base",
    },
)
