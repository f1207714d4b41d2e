"""Keywords of one text: candidate phrases, what speaks for each, and the best few without repetition."""

from __future__ import annotations

from zhnlp.mining.terms.keywords.extractor import Keyword, KeywordExtractor

__all__ = ["Keyword", "KeywordExtractor"]
