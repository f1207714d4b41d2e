"""Passages that are worth reading for a question: BM25 on characters and pairs of them, without a model.

Source: Robertson and Zaragoza 2009, The Probabilistic Relevance Framework: BM25 and Beyond
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zhnlp.text.width import fold_characters

K1, B = 1.2, 0.75  # the usual ones


class PassageSearch:
    """BM25 over N passages; units are characters and pairs of neighbours, half-width and lower case, without blanks.

    A unit of the question adds ln(1 + (N - n + .5) / (n + .5)) · f (k1 + 1) / (f + k1 (1 - b + b · length / mean length)), n passages
    that have it, f times in this one.

    Args:
        texts: the passages.
        k1, b: how soon repetition stops to count, 0 or more; how much length counts, 0 to 1.

    Raises:
        ValueError: no passage, or none with a character.

    Example:
        >>> search = PassageSearch(["红楼梦是曹雪芹写的。", "今天天气很好。", "曹雪芹住在北京。"])
        >>> [place for place, score in search.best("曹雪芹写的红楼梦？", 2)]
        [0, 2]
    """

    def __init__(self, texts: Sequence[str], *, k1: float = K1, b: float = B):
        from sklearn.feature_extraction.text import CountVectorizer

        if not any(text.strip() for text in texts):
            raise ValueError(f"got {len(texts)} passages without a character: expected some text to search")
        self._units = CountVectorizer(analyzer=_units, dtype=np.float32)
        counts = self._units.fit_transform(texts).tocsr()  # (N, units)
        length = np.asarray(counts.sum(1))[:, 0]
        having = np.bincount(counts.indices, minlength=counts.shape[1])
        rarity = np.log1p((len(texts) - having + 0.5) / (having + 0.5))
        norm = k1 * (1 - b + b * length / length.mean())
        row = np.repeat(np.arange(len(texts)), np.diff(counts.indptr))
        counts.data = (counts.data * (k1 + 1) / (counts.data + norm[row])) * rarity[counts.indices]
        self._weights = counts.tocsc()

    def scores(self, question: str) -> np.ndarray:
        """(N,) of all passages; 0 for one that shares nothing with the question."""
        units = self._units.transform([question]).indices
        return np.asarray(self._weights[:, units].sum(1), np.float64)[:, 0]

    def best(self, question: str, k: int) -> list[tuple[int, float]]:
        """The ``k`` best passages, as (number, score), best first; of equals the earlier. Those that share nothing are left out."""
        scores = self.scores(question)
        order = np.argsort(-scores, kind="stable")[:k]
        return [(int(place), float(scores[place])) for place in order if scores[place] > 0]


def _units(text: str) -> list[str]:
    same = "".join(fold_characters(text).lower().split())
    return [*same, *(same[place : place + 2] for place in range(len(same) - 1))]
