"""Parts that change the loss, add gradients or change what a decoder reads: flooding, gradient penalty, FGM, VAT, R-Drop, random
target replacement, scheduled sampling.  One a file; `base.py` is the protocol."""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "FGM": "fgm",
        "FloodingLoss": "flooding",
        "GradientPenalty": "gradient_penalty",
        "RDrop": "r_drop",
        "RandomTargetReplacement": "target_replacement",
        "Regularizer": "base",
        "ScheduledSampling": "scheduled_sampling",
        "VAT": "vat",
        "find_flood_level": "flooding",
        "flood": "flooding",
        "regularized_backward": "base",
    },
)
