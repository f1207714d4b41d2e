"""Sentence encoders: texts become vectors whose cosines say how alike the texts are.

Everything is imported at its first use: ``import zhnlp.similarity`` loads neither torch nor transformers.
"""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "CharacterNgramEncoder": "character_ngrams",
        "SentenceEncoder": "encoder",
        "SentenceNetwork": "network",
        "load_encoder": "loading",
        "plot_scores": "plots",
    },
)
