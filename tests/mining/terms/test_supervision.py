"""Known terms as positives: planted features, folds, what is missing, refusals."""

import numpy as np
import pytest

from zhnlp.mining.terms.expansion import UnknownWords
from zhnlp.mining.terms.supervision import learn_from_known


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
