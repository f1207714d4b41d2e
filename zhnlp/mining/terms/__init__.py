"""Domain terms: what a corpus has that other texts have not, and what one text is about."""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "DomainTermMiner": "miner",
        "ReferenceCounts": "reference",
        "TermTable": "table",
    },
)
