"""Word vectors: mutual information by hand, an exact decomposition as oracle, a planted topic, files, refusals."""

import json

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array

from zhnlp.mining.count import count_ngrams
from zhnlp.mining.encode import encode_texts
from zhnlp.mining.terms.cooccurrence import count_cooccurrences
from zhnlp.mining.terms.vectors import WordVectors, best_places, positive_pmi, train_vectors
from zhnlp.mining.viterbi import unit_weights

TOY = WordVectors(["甲", "乙", "丙"], np.array([[2.0, 0.0], [0.6, 0.8], [0.0, 3.0]]))


def symmetric_counts(size=60, seed=0):
    counts = random_array((size, size), density=0.3, rng=seed, format="csr")
    counts.data = np.ceil(50 * counts.data**3)
    return csr_matrix(counts + counts.T).astype(np.int64)


def planted(seed=0, lines=400):
    """Two topics of ten characters each, and five characters of both."""
    random = np.random.default_rng(seed)
    topics, both = ["子丑寅卯辰巳午未申酉", "金木水火土山川日月星"], "之乎者也矣"
    return topics, ["".join(random.choice(list(topics[i % 2] + both), 12)) for i in range(lines)]


def vectors_of(texts, threads=1, **options):
    symbols = encode_texts(texts)
    trie = count_ngrams(symbols, min_count=1, max_length=2)
    none, vocabulary = np.empty(0, np.int64), np.arange(2, len(trie.alphabet))
    weights = unit_weights(trie, none, trie.count.astype(float))
    pairs = count_cooccurrences(symbols, trie, none, weights, vocabulary, threads=threads)
    return train_vectors(trie.words(vocabulary), pairs.matrix(), **options)


def test_positive_pmi_by_hand():
    counts = csr_matrix(np.array([[0, 4, 1], [4, 2, 0], [1, 0, 0]]))
    context = np.array([5, 6, 1]) ** 0.75
    context /= context.sum()
    found = positive_pmi(counts, shift=0.1).toarray()
    assert found[0, 1] == pytest.approx(np.log(4 / 5 / context[1]) - 0.1, rel=1e-6)
    assert found[2, 0] == pytest.approx(np.log(1 / 1 / context[0]) - 0.1, rel=1e-6)
    assert found[1, 1] == 0  # ln(2 / 6 / .51) < 0
    assert found[0, 0] == found[2, 1] == 0


def test_same_neighbourhood_as_an_exact_decomposition():
    counts = symmetric_counts()
    vectors = train_vectors([f"w{i}" for i in range(60)], counts, dim=8, rounds=12, power=0.5)
    left, values, _ = np.linalg.svd(positive_pmi(counts).toarray().astype(np.float64))
    exact = WordVectors(vectors.words, left[:, :8] * np.sqrt(values[:8]))
    assert vectors.rows @ vectors.rows.T == pytest.approx(exact.rows @ exact.rows.T, abs=1e-3)


def test_words_of_a_planted_topic_are_near_each_other():
    topics, texts = planted()
    vectors = vectors_of(texts, dim=4)
    for topic in topics:
        for word in topic:
            near = [other for other, _ in vectors.nearest(word, 9)]
            assert len(set(near) & set(topic)) >= 8, (word, near)


def test_same_seed_same_vectors_on_any_number_of_threads():
    _, texts = planted()
    one, many = vectors_of(texts, dim=6, seed=3), vectors_of(texts, dim=6, seed=3, threads=4)
    assert np.array_equal(one.rows, many.rows)
    assert not np.array_equal(one.rows, vectors_of(texts, dim=6, seed=4, rounds=1).rows)


def test_rows_have_length_one_and_nearest_is_sorted():
    assert np.linalg.norm(TOY.rows, axis=1) == pytest.approx(1)
    assert TOY.similarity("甲", "乙") == pytest.approx(0.6)
    near = TOY.nearest("甲", 5)
    assert [word for word, _ in near] == ["乙", "丙"]
    assert [cosine for _, cosine in near] == pytest.approx([0.6, 0.0])
    assert TOY.nearest(np.array([0.0, 5.0]), 1) == [("丙", 1.0)]


def test_a_row_of_zeros_stays_one():
    vectors = WordVectors(["甲", "乙"], np.array([[0.0, 0.0], [1.0, 0.0]]))
    assert vectors["甲"].tolist() == [0.0, 0.0]


def test_best_places_breaks_ties_by_place():
    assert best_places(np.array([1.0, 3.0, 3.0, 2.0, 3.0]), 2).tolist() == [1, 2]
    assert best_places(np.array([1.0, 3.0]), 9).tolist() == [1, 0]


def test_saved_vectors_are_read_back(tmp_path):
    path = TOY.save(tmp_path / "vectors.safetensors")
    again = WordVectors.load(path)
    assert again.words == TOY.words
    assert again.rows == pytest.approx(TOY.rows, abs=1e-7)


def test_other_files_are_refused(tmp_path):
    from safetensors.numpy import save_file

    (tmp_path / "text").write_text("no vectors at all", "utf-8")
    save_file({"rows": np.ones((1, 2))}, tmp_path / "bare")
    save_file({"rows": np.ones((1, 2))}, tmp_path / "short", {"words": json.dumps(["甲", "乙"])})
    for name, message in (
        ("text", "holds no word vectors"),
        ("bare", "holds no word vectors"),
        ("short", "shape"),
    ):
        with pytest.raises(ValueError, match=message):
            WordVectors.load(tmp_path / name)


def test_refusals():
    with pytest.raises(ValueError, match=r"shape \(1, 2\), expected \(2, D\)"):
        WordVectors(["甲", "乙"], np.ones((1, 2)))
    with pytest.raises(ValueError, match="occurs twice"):
        WordVectors(["甲", "甲"], np.ones((2, 2)))
    with pytest.raises(ValueError, match="not finite"):
        WordVectors(["甲"], np.array([[np.nan]]))
    with pytest.raises(KeyError, match="has no vector"):
        TOY["丁"]
    with pytest.raises(ValueError, match="topn=0"):
        TOY.nearest("甲", 0)
    with pytest.raises(ValueError, match=r"shape \(3,\), expected \(2,\)"):
        TOY.nearest(np.ones(3))
    with pytest.raises(ValueError, match="give no vectors"):
        train_vectors(["甲", "乙"], csr_matrix((2, 2), dtype=np.int64))
    with pytest.raises(ValueError, match="expected \\(1, 1\\)"):
        train_vectors(["甲"], symmetric_counts())
    with pytest.raises(ValueError, match="dim=0"):
        train_vectors([f"w{i}" for i in range(60)], symmetric_counts(), dim=0)
