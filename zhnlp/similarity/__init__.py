"""Sentence encoders: texts become vectors whose cosines say how alike the texts are.

Everything is imported at its first use: ``import zhnlp.similarity`` loads neither torch nor transformers.
"""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "SentenceEncoder": "encoder",
        "SentenceNetwork": "network",
    },
)
