"""Sentences by meaning: encoders whose cosines say how alike texts are, and an index of known questions that answers new ones.

Everything is imported at its first use: ``import zhnlp.similarity`` loads neither torch nor transformers.
"""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "CharacterNgramEncoder": "character_ngrams",
        "FAQIndex": "faq_index",
        "FAQMap": "faq_map",
        "HashedNgrams": "hashed_ngrams",
        "Part": "exact_search",
        "SentenceEncoder": "encoder",
        "SentenceNetwork": "network",
        "load_encoder": "loading",
        "map_faq": "faq_map",
        "plot_scores": "plots",
        "read_faq": "faq_files",
        "statement": "faq_threshold",
    },
)
