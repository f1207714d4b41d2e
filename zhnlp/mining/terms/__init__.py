"""Domain terms: what a corpus has that other texts have not, and what one text is about."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_LAZY = {
    "DomainTermMiner": "zhnlp.mining.terms.miner",
    "ReferenceCounts": "zhnlp.mining.terms.reference",
    "TermTable": "zhnlp.mining.terms.table",
}
__all__ = list(_LAZY)


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)
