"""Sentences by meaning: an index of known questions that answers new ones.

Everything is imported at its first use.
"""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "FAQIndex": "faq_index",
        "FAQMap": "faq_map",
        "HashedNgrams": "hashed_ngrams",
        "Part": "exact_search",
        "load_encoder": "encoders",
        "map_faq": "faq_map",
        "read_faq": "faq_files",
        "statement": "faq_threshold",
    },
)
