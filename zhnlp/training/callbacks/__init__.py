"""Callbacks of the trainer, and what they are made of."""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "Curves": "curves",
        "EMA": "ema",
        "EMACallback": "ema_callback",
        "EarlyStopping": "early_stopping",
        "JsonlLog": "jsonl_log",
        "ProgressBar": "progress",
        "ReturnMemory": "memory",
        "Samples": "samples",
        "plot_curves": "curves",
        "read_log": "jsonl_log",
    },
)
