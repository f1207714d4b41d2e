"""Everything that changes how a model learns: the trainer, optimizers, callbacks and regularizers."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "LengthGroupedBatches": "length_grouped",
    "SeededLoader": "loading",
    "ShuffledBatches": "loading",
    "StreamedBatches": "streams",
    "TokenBudgetBatches": "length_grouped",
    "Trainer": "trainer",
    "newest_complete": "resumable",
    "seed_everything": "seeds",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}: it has {', '.join(__all__)}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
