"""Sentences by meaning: encoders whose cosines say how alike texts are, and an index of known questions that answers new ones.

Everything is imported at its first use: ``import zhnlp.similarity`` loads neither torch nor transformers.
"""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "CharacterNgramEncoder": "character_ngrams",
        "Examples": "examples",
        "FAQIndex": "faq_index",
        "FAQMap": "faq_map",
        "Part": "exact_search",
        "SentenceEncoder": "encoder",
        "SentenceNetwork": "network",
        "join_pairs": "joined_groups",
        "load_encoder": "loading",
        "map_faq": "faq_map",
        "mine_hard_negatives": "hard_negatives",
        "plot_scores": "plots",
        "read_examples": "examples",
        "read_faq": "faq_files",
        "statement": "faq_threshold",
    },
)
