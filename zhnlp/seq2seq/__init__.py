"""Titles of articles: engines that learn from pairs, one decoder, and what helps against exposure bias."""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "BeamCurse": "diagnosis",
        "beam_curse": "diagnosis",
        "TitleGenerator": "generator",
        "TitleTraining": "training",
        "Writing": "writing",
        "read_pairs": "pairs",
    },
)
