"""pLSA: every word of a document has a hidden topic of its own."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator

from zhnlp.generative.theory.em.mixture import check_components


class PLSA(BaseEstimator):
    """p(word | document) = Σ_topic p(topic | document) p(word | topic), fitted to words, not to documents.

    A row of x is one occurrence, (document, word), both counted from 0; give equal rows once, with their number as
    ``sample_weight``, as `occurrences` does.  A document that was not in the fit cannot be scored.

    Args:
        n_components: K topics.

    Attributes:
        topics_: p(topic | document), (D, K).
        words_: p(word | topic), (K, V).

    Example:
        >>> from zhnlp.generative.theory.em import EM
        >>> pairs, times = PLSA.occurrences([[4, 4, 0, 0], [0, 0, 4, 4], [2, 2, 2, 2]])
        >>> em = EM(PLSA(2), max_iterations=2000).fit(pairs, sample_weight=times)
        >>> em.model_.topics_[2].round(1).tolist()
        [0.5, 0.5]

    Source: https://kexue.fm/archives/5239; Hofmann 1999
    """

    def __init__(self, n_components: int = 2):
        self.n_components = n_components

    @staticmethod
    def occurrences(counts) -> tuple[np.ndarray, np.ndarray]:
        """Counts (D, V) as pairs (N, 2) of document and word, and how often each occurs (N,)."""
        counts = np.asarray(counts)
        if counts.ndim != 2 or (counts < 0).any():
            raise ValueError(f"counts got shape {counts.shape}: expected (D, V), numbers from 0")
        pairs = np.argwhere(counts > 0)
        return pairs, counts[tuple(pairs.T)].astype(float)

    def check(self, x: np.ndarray) -> np.ndarray:
        """(N, 2) whole numbers from 0, of documents and words that are known once fitted."""
        pairs = np.asarray(x)
        if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu" or pairs.min() < 0:
            raise ValueError(
                f"x got shape {pairs.shape} of {pairs.dtype}: expected (N, 2) whole numbers, document and word. "
                "Next: PLSA.occurrences(counts)"
            )
        if hasattr(self, "topics_"):
            known = len(self.topics_), self.words_.shape[1]
            if (pairs.max(0) >= known).any():
                raise ValueError(f"x has a document or word beyond the fitted {known[0]} and {known[1]}")
        return pairs

    def start(self, x: np.ndarray, random: np.random.Generator) -> None:
        """Both tables drawn from flat Dirichlet distributions."""
        count = check_components(self.n_components)
        documents, words = x.max(0) + 1
        self.topics_ = random.dirichlet(np.ones(count), documents)
        self.words_ = random.dirichlet(np.ones(words), count)

    def log_joint(self, x: np.ndarray) -> np.ndarray:
        """log p(topic, word | document), (N, K)."""
        with np.errstate(divide="ignore"):
            return np.log(self.topics_[x[:, 0]]) + np.log(self.words_[:, x[:, 1]].T)

    def m_step(self, x: np.ndarray, responsibilities: np.ndarray) -> None:
        """Shares of topics in documents, and of words in topics."""
        topics, words = np.zeros_like(self.topics_), np.zeros_like(self.words_.T)
        np.add.at(topics, x[:, 0], responsibilities)
        np.add.at(words, x[:, 1], responsibilities)
        seen, used = topics.sum(1) > 0, words.sum(0) > 0
        self.topics_[seen] = topics[seen] / topics[seen].sum(1, keepdims=True)
        self.words_[used] = (words[:, used] / words[:, used].sum(0)).T
