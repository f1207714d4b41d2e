"""Keywords of a text: candidates, their signals, a weighted sum, the best without repetition."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from typing import TypedDict

import numpy as np

from zhnlp.mining.terms.keywords.background import Background
from zhnlp.mining.terms.keywords.candidates import find_candidates
from zhnlp.mining.terms.keywords.ranking import choose
from zhnlp.mining.terms.keywords.signals import BIAS, NAMES, WEIGHTS, signals
from zhnlp.mining.terms.keywords.words import Kind, split_words


class Keyword(TypedDict):
    """A keyword: ``text[start:end] == term``, its first occurrence."""

    term: str
    score: float  # 0 to 1
    start: int
    end: int
    count: int


class KeywordExtractor:
    """Find what a text is about: a few terms of one to five words, ranked.

    Every stretch of words between function words and punctuation is a candidate.  What speaks for it (how often and how
    early it occurs, how rare its words are elsewhere, whether it stands free, whether its words hold together, the kind
    of word it ends with; all in `zhnlp.mining.terms.keywords.signals`) is weighed and added up.

    Args:
        background: how common words are elsewhere; see `Background`.

    Source: position and frequency as in KEA, Witten et al. 1999; free edges as in accessor variety, Feng et al. 2004;
        rarity against a background as in Tomokiyo and Hurst 2003, https://aclanthology.org/W03-1805
    """

    def __init__(self, background: Background):
        self.background = background
        self._weights = np.array([WEIGHTS[name] for name in NAMES])

    def fit(self, texts: Iterable[str]) -> KeywordExtractor:
        """Learn from a collection, without labels, in how many documents each word and phrase occurs.

        Called again it goes on learning.

        Raises:
            TypeError: ``texts`` is one string, or holds something else than strings.
        """
        if isinstance(texts, str):
            raise TypeError(
                f"fit got the one text {texts[:20]!r}: expected a collection of texts, such as [text, text]"
            )
        for number, text in enumerate(texts):
            if not isinstance(text, str):
                raise TypeError(f"fit got {type(text).__name__} as text {number}: expected str")
            words = split_words(text)
            self.background.learn({*words.keys, *find_candidates(words).keys})
        if not self.background.documents:
            warnings.warn(
                "the collection has no text: nothing was learnt. Next: check what fit was given", stacklevel=2
            )
        return self

    def extract(self, text: str, top: int = 5) -> list[Keyword]:
        """The keywords of a text, best first; fewer than ``top`` where there are no more candidates.

        Ties go to the one that occurs first.  Warns when there is nothing to return.

        Raises:
            ValueError: ``top`` is below 1.
        """
        if top < 1:
            raise ValueError(f"top={top!r} is not possible: expected 1 or more keywords")
        words = split_words(text)
        found = find_candidates(words)
        if not found.keys:
            warnings.warn(_why_empty(text, words.kinds), stacklevel=3)
            return []
        scores = signals(words, found, self.background) @ self._weights + BIAS
        keywords: list[Keyword] = []
        for index, score in choose(found.keys, found.count, scores, top):
            at = found.begin[index]
            start, end = words.starts[found.first[at]], words.ends[found.last[at]]
            keywords.append(
                {
                    "term": text[start:end],
                    "score": 1 / (1 + math.exp(-score)),
                    "start": start,
                    "end": end,
                    "count": int(found.count[index]),
                }
            )
        return keywords


def _why_empty(text: str, kinds: np.ndarray) -> str:
    if not text.strip():
        return "the text is empty: no keyword. Next: check the field or file it was read from"
    if not (kinds != Kind.BREAK).any():
        return f"the text {text.strip()[:20]!r} has nothing but punctuation and function words: no keyword"
    return f"the text {text.strip()[:20]!r} has no word of two characters or more: no keyword. Next: give more text"
