"""How common words and phrases are elsewhere: reference counts, a collection of documents, a table of terms.

The rarity of a word is -ln of the share of documents that have it.  Without a collection that share is what the
reference counts predict for a text of ``LENGTH`` symbols; documents of a collection move it to what they show, the
reference weighing as much as ``PRIOR`` documents (a Beta prior).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np

LENGTH = 200  # symbols of a document, of which the reference counts are asked
PRIOR = 100.0  # documents that the reference weighs as much as
UNSEEN = 0.5  # documents, or occurrences, of what was not seen; as a share of the least count that is kept
MOST_ASKED = 1 << 20  # reference counts kept at hand
MOST_KEPT = 4_000_000  # document frequencies kept while learning


class Counts(Protocol):
    """What is asked of a reference corpus."""

    total: int

    def count(self, texts: Sequence[str]) -> np.ndarray:
        """How often each n-gram occurs, (M,) int64; 0 where that is not known."""


class Background:
    """Rarity and cohesion of words, from a reference and, where given, a collection and a table of terms.

    Args:
        reference: counts of n-grams in general text.
        terms: mined terms in small letters, each with its rank from 1 (best) down to 0.

    Example:
        >>> class Toy:
        ...     total = 1000
        ...     def count(self, texts):
        ...         return np.array([{"的": 60, "电网": 2}.get(text, 0) for text in texts])
        >>> words, background = ["的", "电网", "避雷器"], Background(Toy())
        >>> background.rarity(background.counts(words), words).round(1).tolist()
        [0.0, 0.9, 2.4]
    """

    def __init__(self, reference: Counts, *, terms: Mapping[str, float] | None = None):
        self.reference = reference
        kept = getattr(getattr(reference, "ngrams", reference), "min_count", 1)
        self.unseen = UNSEEN * kept  # occurrences of what the reference does not have
        self.terms: dict[str, float] = dict(terms or {})
        self.documents = 0
        self.document_counts: Counter[str] = Counter()
        self._known: dict[str, int] = {}

    def learn(self, keys: Iterable[str]) -> None:
        """Count one more document, given what it has (each once).

        When more than four million counts are kept, the rarest are let go (lossy counting, Manku and Motwani 2002),
        so that in very large collections the counts of rare phrases fall short a little.
        """
        self.documents += 1
        counts = self.document_counts
        counts.update(keys)
        least = 1
        while len(counts) > MOST_KEPT:
            least += 1
            counts = self.document_counts = Counter({key: n for key, n in counts.items() if n >= least})

    def counts(self, texts: Sequence[str]) -> np.ndarray:
        """Reference counts, (M,) float64; the reference is asked once for each text."""
        known = self._known
        try:
            return np.fromiter(map(known.__getitem__, texts), np.float64, len(texts))
        except KeyError:
            pass
        if len(known) > MOST_ASKED:
            known.clear()
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(new, np.asarray(self.reference.count(new)).tolist()))
        return np.fromiter(map(known.__getitem__, texts), np.float64, len(texts))

    def rarity(self, counts: np.ndarray, keys: Sequence[str]) -> np.ndarray:
        """-ln of the share of documents that have each word, nats, (M,) float64.

        One document is taken off the count of the collection: the text at hand, which mostly belongs to it.

        Args:
            counts: (M,) how often the reference has each word.
            keys: the words in small letters, as the collection knows them.
        """
        share = -np.expm1(-LENGTH * (counts + self.unseen) / self.reference.total)
        if self.documents:
            found = np.fromiter(
                map(self.document_counts.__getitem__, keys), np.float64, len(keys)
            )  # a Counter: 0
            unseen = UNSEEN * self.documents / (self.documents + PRIOR)
            share = (np.maximum(found - 1, 0) + PRIOR * share + unseen) / (self.documents + PRIOR)
        return -np.log(np.minimum(share, 1.0))

    def cohesion(self, both: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Pointwise mutual information of adjacent words in the reference, nats, (M,); 0 or less where unseen.

        Args:
            both, left, right: (M,) counts of the pair, of its first and of its second word.
        """
        total = self.reference.total
        apart = np.maximum(left, both) * np.maximum(right, both)
        seen = np.log(np.maximum(both, 1) * total / np.maximum(apart, 1))
        unseen = np.minimum(np.log(self.unseen * total / ((left + 1) * (right + 1))), 0)
        return np.where(both > 0, seen, unseen)

    def listed(self, keys: Sequence[str]) -> np.ndarray:
        """How high each candidate stands in the table of terms, 1 (first) to 0 (not in it), (M,) float64."""
        terms = self.terms
        if not terms:
            return np.zeros(len(keys))
        return np.fromiter((terms.get(key, 0.0) for key in keys), np.float64, len(keys))
