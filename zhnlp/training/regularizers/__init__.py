"""Parts that change the loss or add gradients: flooding, gradient penalty, FGM, VAT, R-Drop.  One a file; `base.py` is the protocol."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "Regularizer": "base",
    "regularized_backward": "base",
    "FloodingLoss": "flooding",
    "find_flood_level": "flooding",
    "flood": "flooding",
    "GradientPenalty": "gradient_penalty",
    "FGM": "fgm",
    "VAT": "vat",
    "RDrop": "r_drop",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}: it has {', '.join(__all__)}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
