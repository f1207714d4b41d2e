"""Callbacks of the trainer, and what they are made of."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "Curves": "curves",
    "EMA": "ema",
    "EMACallback": "ema_callback",
    "EarlyStopping": "early_stopping",
    "JsonlLog": "jsonl_log",
    "ProgressBar": "progress",
    "Samples": "samples",
    "plot_curves": "curves",
    "read_log": "jsonl_log",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}: it has {', '.join(__all__)}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
