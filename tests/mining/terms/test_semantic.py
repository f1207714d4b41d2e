"""What vectors add to contrast: planted topics, seeds, terms without vectors, sums of units, refusals."""

import numpy as np
import pytest

from zhnlp.mining.count import count_ngrams
from zhnlp.mining.encode import encode_texts
from zhnlp.mining.terms.semantic import (
    UnitVectors,
    add_meaning,
    automatic_seeds,
    score_meaning,
    term_rows,
    train_unit_vectors,
)
from zhnlp.mining.terms.vectors import WordVectors
from zhnlp.mining.viterbi import unit_weights


def area(scores, positive):
    order = np.argsort(scores)
    rank = np.empty(scores.size)
    rank[order] = np.arange(scores.size)
    n = positive.sum()
    return (rank[positive].sum() - n * (n - 1) / 2) / (n * (~positive).sum())


def topic_terms(seed=0):
    """600 terms of two topics; of the first topic contrast is higher, but only on the whole."""
    random = np.random.default_rng(seed)
    topic = random.random(600) < 0.4
    rows = np.where(topic[:, None], np.eye(8)[0], np.eye(8)[1]) + 0.3 * random.normal(size=(600, 8))
    contrast = topic + random.normal(size=600)
    return WordVectors([str(i) for i in range(600)], rows).rows, contrast, topic


def test_meaning_helps_contrast_where_the_terms_share_a_topic():
    rows, contrast, topic = topic_terms()
    meaning = score_meaning(rows, contrast)
    assert meaning.mean() == pytest.approx(0, abs=1e-6)
    assert meaning.std() == pytest.approx(1, abs=1e-6)
    assert area(add_meaning(contrast, meaning), topic) > area(contrast, topic) + 0.1


def test_given_seeds_turn_meaning_round():
    rows, contrast, topic = topic_terms()
    other = np.flatnonzero(~topic)[:20]
    assert area(score_meaning(rows, contrast, other), topic) < 0.1


def test_a_term_without_a_vector_keeps_its_contrast():
    rows, contrast, _ = topic_terms()
    rows[7] = 0
    added = add_meaning(contrast, score_meaning(rows, contrast))
    assert added[7] == contrast[7]
    assert np.array_equal(score_meaning(np.zeros((3, 8), np.float32), np.ones(3)), np.zeros(3))


def test_automatic_seeds_are_the_best_and_few():
    assert automatic_seeds(np.array([1.0, 5.0, 3.0, 5.0, 0.0, 2.0])).tolist() == [1, 3]
    assert automatic_seeds(np.arange(5000.0)).size == 300


def test_meaning_refuses():
    with pytest.raises(ValueError, match=r"expected \(3, D\)"):
        score_meaning(np.ones((2, 2)), np.ones(3))
    with pytest.raises(ValueError, match="not finite"):
        score_meaning(np.ones((1, 2)), np.array([np.inf]))
    with pytest.raises(ValueError, match="weight=-1"):
        add_meaning(np.ones(1), np.ones(1), weight=-1)


def test_rows_of_terms_are_sums_of_their_units():
    trie = count_ngrams(encode_texts(["命名空间生锈"] * 2), min_count=1, max_length=6)
    find = lambda word: trie.find([trie.alphabet.index[c] for c in word])  # noqa: E731
    words = np.sort([find("命名"), find("空间")])
    weights = unit_weights(trie, words, trie.count.astype(float))
    vectors = WordVectors(["命名", "空间"], np.eye(2))
    nodes = np.array([find("命名空间"), find("空间"), find("生锈")])
    rows = term_rows(
        trie, nodes, words, weights, UnitVectors(np.array([find("命名"), find("空间")]), vectors)
    )
    assert rows == pytest.approx(np.array([[0.5**0.5, 0.5**0.5], [0, 1], [0, 0]]))


def test_unit_vectors_go_by_count_and_threads_do_not_matter():
    random = np.random.default_rng(0)
    texts = ["".join(random.choice(list("甲乙丙丁戊"), 30, p=[0.4, 0.3, 0.15, 0.1, 0.05])) for _ in range(40)]
    symbols = encode_texts(texts)
    trie = count_ngrams(symbols, min_count=1, max_length=3)
    none = np.empty(0, np.int64)
    weights = unit_weights(trie, none, trie.count.astype(float))
    units = train_unit_vectors(symbols, trie, none, weights, dim=3)
    assert units.vectors.words == list("甲乙丙丁戊")
    again = train_unit_vectors(symbols, trie, none, weights, dim=3, threads=3)
    assert np.array_equal(units.vectors.rows, again.vectors.rows)
    with pytest.raises(ValueError, match="give no vectors"):
        train_unit_vectors(symbols, trie, none, weights, min_count=10_000)
