"""Optimizers around any torch.optim one: Lookahead, lazy embeddings, two-rate ascent; parameter groups by depth."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "Lookahead": "lookahead",
    "LazyOptimizer": "lazy",
    "AlternatingAscent": "ascent",
    "layer_wise_groups": "layer_rates",
    "optimizer_by_name": "by_name",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}: it has {', '.join(__all__)}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
