"""Known terms as positives, and what vectors add to contrast: planted features and topics, folds, refusals."""

import numpy as np
import pytest

from zhnlp.mining.terms.expansion import UnknownWords
from zhnlp.mining.terms.semantic import add_meaning, automatic_seeds, score_meaning, term_rows
from zhnlp.mining.terms.supervision import learn_from_known
from zhnlp.mining.terms.vectors import WordVectors


def planted(size=1000, seed=0):
    """Terms lie higher in the first column; a random third of them is listed."""
    random = np.random.default_rng(seed)
    term = random.random(size) < 0.3
    features = random.normal(size=(size, 4)) * [1, 50, 0.01, 0]
    features[:, 0] += 2.5 * term
    words = [f"w{i}" for i in range(size)]
    listed = [words[i] for i in np.flatnonzero(term) if random.random() < 1 / 3]
    return features, words, listed, term


def area(scores, positive):
    order = np.argsort(scores)
    rank = np.empty(scores.size)
    rank[order] = np.arange(scores.size)
    n = positive.sum()
    return (rank[positive].sum() - n * (n - 1) / 2) / (n * (~positive).sum())


def test_unlisted_terms_rank_above_the_others():
    features, words, listed, term = planted()
    found = learn_from_known(features, words, listed)
    unlisted = ~np.isin(words, listed)
    assert area(found.scores[unlisted], term[unlisted]) > 0.9
    assert found.positives == listed
    assert found.missing == []
    assert 0 < found.listed_share < 1
    assert ((found.probabilities > 0) & (found.probabilities <= 1)).all()


def test_a_candidate_is_scored_without_its_own_label():
    random = np.random.default_rng(0)
    features, words = random.normal(size=(300, 60)), [f"w{i}" for i in range(300)]
    listed = words[:60]  # at random: nothing can be learnt
    found = learn_from_known(features, words, listed, strength=1e6)
    assert area(found.scores, np.isin(words, listed)) < 0.65


def test_same_scores_again_and_column_scale_does_not_matter():
    features, words, listed, _ = planted()
    one = learn_from_known(features, words, listed)
    assert np.array_equal(one.scores, learn_from_known(features, words, listed).scores)
    scaled = learn_from_known(features * [1, 1e-3, 1e4, 1] + 7, words, listed)
    assert scaled.scores == pytest.approx(one.scores, abs=1e-2)


def test_missing_known_terms_are_reported():
    features, words, listed, _ = planted()
    with pytest.warns(UnknownWords, match="2 of .* known terms are no candidates"):
        found = learn_from_known(features, words, [*listed, "无", "没有"])
    assert found.missing == ["无", "没有"]


def test_supervision_refuses():
    features, words, listed, _ = planted()
    with pytest.raises(ValueError, match=r"19 of 19 known terms are candidates, expected 20 or more"):
        learn_from_known(features, words, listed[:19])
    with pytest.raises(ValueError, match="candidates are not known terms"):
        learn_from_known(features, words, words[:990])
    with pytest.raises(ValueError, match=r"expected \(999, F\)"):
        learn_from_known(features, words[1:], listed)
    with pytest.raises(ValueError, match="column 2 of the features"):
        learn_from_known(np.where(np.arange(4) == 2, np.inf, features), words, listed)
    with pytest.raises(ValueError, match="strength=0"):
        learn_from_known(features, words, listed, strength=0)
    with pytest.raises(ValueError, match="got one string"):
        learn_from_known(features, words, "电网")


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
    from zhnlp.mining.count import count_ngrams
    from zhnlp.mining.encode import encode_texts
    from zhnlp.mining.viterbi import unit_weights

    trie = count_ngrams(encode_texts(["命名空间生锈"] * 2), min_count=1, max_length=6)
    find = lambda word: trie.find([trie.alphabet.index[c] for c in word])  # noqa: E731
    words = np.sort([find("命名"), find("空间")])
    weights = unit_weights(trie, words, trie.count.astype(float))
    vectors = WordVectors(["命名", "空间"], np.eye(2))
    nodes = np.array([find("命名空间"), find("空间"), find("生锈")])
    rows = term_rows(trie, nodes, words, weights, np.array([find("命名"), find("空间")]), vectors)
    assert rows == pytest.approx(np.array([[0.5**0.5, 0.5**0.5], [0, 1], [0, 0]]))
