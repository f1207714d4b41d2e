"""Scores of pairs of texts without a trained encoder: bags of characters, n-grams and the mean of word vectors.

A scorer takes two lists of texts of the same length and gives a number a pair, the higher the more alike.  N pairs, V words.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from itertools import chain

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix
from sentence_sets import plain

from zhnlp.mining.terms.vectors import WordVectors, train_vectors
from zhnlp.similarity import CharacterNgramEncoder

Scorer = Callable[[Sequence[str], Sequence[str]], np.ndarray]
WINDOW, LEAST, WORDS = 5, 5, 30_000  # words to each side, occurrences, and words that have a vector


def sparse_cosines(first: csr_matrix, second: csr_matrix) -> np.ndarray:
    """Cosines (N,) of rows; 0 where one is empty.

    Example:
        >>> a = csr_matrix([[1.0, 1.0], [0.0, 0.0]])
        >>> sparse_cosines(a, csr_matrix([[1.0, 0.0], [1.0, 0.0]])).round(3)
        array([0.707, 0.   ])
    """
    products = np.asarray(first.multiply(second).sum(1)).ravel()
    lengths = [np.sqrt(np.asarray(side.multiply(side).sum(1)).ravel()) for side in (first, second)]
    return products / np.where(lengths[0] * lengths[1] > 0, lengths[0] * lengths[1], 1)


def characters(train: Sequence[str]) -> Scorer:
    """Cosine of the counts of characters; nothing is learnt."""
    from sklearn.feature_extraction.text import HashingVectorizer

    counter = HashingVectorizer(analyzer="char", norm=None, alternate_sign=False, lowercase=False)
    return lambda first, second: sparse_cosines(
        *(counter.transform(map(plain, side)) for side in (first, second))
    )


def tf_idf(train: Sequence[str]) -> Scorer:
    """Cosine of TF-IDF vectors of 1- to 3-grams, with document frequencies of ``train``."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    made = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), lowercase=False, sublinear_tf=True)
    made.fit(map(plain, train))
    return lambda first, second: sparse_cosines(
        *(made.transform(map(plain, side)) for side in (first, second))
    )


def n_grams(train: Sequence[str], *, whiten: bool = False) -> Scorer:
    """`CharacterNgramEncoder`, learnt on ``train``."""
    dimensions = 1024 if len(train) > 2048 else max(2, len(train) // 4)
    return of_encoder(CharacterNgramEncoder(dimensions, whiten=whiten).fit(train))


def words_of(text: str) -> list[str]:
    """The words of a text, as jieba cuts it."""
    import jieba

    return [word for word in jieba.lcut(plain(text)) if not word.isspace()]


def mean_words(texts: Sequence[str], dimensions: int = 200, seed: int = 0) -> Scorer:
    """Cosine of mean word vectors, which are learnt from ``texts``: PPMI of neighbours, then the largest singular directions.

    Words without a vector have no part; a pair in which one text has none scores 0.
    """
    cut = [words_of(text) for text in texts]
    counts: dict[str, int] = {}
    for word in chain.from_iterable(cut):
        counts[word] = counts.get(word, 0) + 1
    known = sorted((word for word in counts if counts[word] >= LEAST), key=lambda word: (-counts[word], word))
    index = {word: number for number, word in enumerate(known[:WORDS])}
    left: list[int] = []
    right: list[int] = []
    for row in cut:
        places = [index[word] for word in row if word in index]
        for distance in range(1, WINDOW + 1):
            left += places[:-distance]
            right += places[distance:]
    pairs = coo_matrix((np.ones(len(left), np.int64), (left, right)), shape=(len(index), len(index))).tocsr()
    vectors = train_vectors(list(index), pairs + pairs.T, dim=dimensions, seed=seed)
    return lambda first, second: _cosines(*(_means(vectors, side) for side in (first, second)))


def _means(vectors: WordVectors, texts: Sequence[str]) -> np.ndarray:
    found = np.zeros((len(texts), vectors.dim))
    for row, text in zip(found, texts):
        rows = [vectors[word] for word in words_of(text) if word in vectors]
        if rows:
            row[:] = np.mean(rows, axis=0)
    empty = int((~found.any(1)).sum())
    if empty:
        warnings.warn(f"{empty:,} of {len(texts):,} texts have no word with a vector", stacklevel=2)
    return found


def of_encoder(encoder: object) -> Scorer:
    """Cosines of an encoder's vectors."""
    return lambda first, second: _cosines(*(encoder.encode(list(side)) for side in (first, second)))


def _cosines(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return (first * second).sum(1) / np.where(lengths > 0, lengths, 1)
