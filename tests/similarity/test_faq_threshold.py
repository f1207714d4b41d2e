import numpy as np
import pytest
from clustered_vectors import clustered

from zhnlp.similarity import FAQIndex
from zhnlp.similarity.faq_threshold import calibrate_groups, group_scores, statement


class Angles:
    """Texts are angles: the cosine of two is that of their difference."""

    def encode(self, texts):
        angles = np.array([float(text) for text in texts])
        return np.stack([np.cos(angles), np.sin(angles)], 1)


def mixture(count, seed, share=0.3):
    """Pairs whose cosines come from two overlapping bells, and which of them are the same."""
    chance = np.random.default_rng(seed)
    same = chance.random(count) < share
    cosines = np.clip(np.where(same, chance.normal(0.8, 0.08, count), chance.normal(0.5, 0.12, count)), -1, 1)
    return [("0", repr(float(angle))) for angle in np.arccos(cosines)], same, cosines


@pytest.mark.parametrize("precision", [0.8, 0.9, 0.95])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_stated_precision_holds_on_fresh_pairs_of_a_planted_mixture(precision, seed):
    index = FAQIndex(Angles())
    pairs, same, _ = mixture(8_000, seed)
    found = index.calibrate(pairs, same, precision)
    _, fresh, cosines = mixture(200_000, seed + 100)
    accepted = cosines >= found["threshold"]
    assert abs(fresh[accepted].mean() - found["precision"]) < 0.02
    assert abs(accepted.mean() - found["coverage"]) < 0.02
    assert abs(accepted[fresh].mean() - found["recall"]) < 0.05


def test_search_takes_the_calibrated_threshold():
    index = FAQIndex(Angles())
    index.add(["0"])
    pairs, same, _ = mixture(2_000, 0)
    limit = index.calibrate(pairs, same)["threshold"]
    angle = np.arccos(limit)
    assert index.search(str(angle - 0.01))[0]["above"] and not index.search(str(angle + 0.01))[0]["above"]


class Rows:
    """Texts are numbers of rows of an array."""

    def __init__(self, rows):
        self.rows = rows

    def encode(self, texts):
        return self.rows[[int(text) for text in texts]]


def grouped(spread, seed=0):
    groups = np.arange(60).repeat(3)
    chance = np.random.default_rng(seed)
    rows = clustered(60, 16, seed=seed, clusters=60)[groups] + spread * chance.standard_normal((180, 16))
    index = FAQIndex(Rows(rows))
    index.add([str(number) for number in range(180)], ids=groups.tolist())
    return index, rows / np.linalg.norm(rows, axis=1, keepdims=True), groups


def test_scores_of_groups_are_those_of_all_pairs():
    index, rows, groups = grouped(0.15)
    own, other = group_scores(index)
    cosines = rows @ rows.T
    np.fill_diagonal(cosines, -2)
    alike = groups[:, None] == groups
    np.testing.assert_allclose(own, np.where(alike, cosines, -2).max(1), atol=1e-6)
    np.testing.assert_allclose(other, np.where(alike, -2, cosines).max(1), atol=1e-6)
    index.remove([0, 1])
    assert len(group_scores(index)[0]) == 174


def test_auto_takes_the_threshold_of_the_groups_and_says_so():
    index, *_ = grouped(0.1)
    with pytest.warns(UserWarning, match="expected to be right.*own groups .360 questions, half of them"):
        hits = index.search("5", k=2)
    assert hits[0]["above"] and not hits[1]["above"]
    index.add(["7"], ids=["new"])
    assert index.calibration is None  # it may be another now


def test_a_group_calibration_by_hand():
    found = calibrate_groups(np.array([0.9, 0.8, 0.2]), np.array([0.1, 0.85, 0.3]), precision=0.5)
    # answered: .9 right, .85 wrong, .3 wrong; unanswerable: .1, .85, .3
    assert (found["threshold"], found["precision"], found["recall"], found["coverage"]) == (
        pytest.approx(0.875),
        1.0,
        1.0,
        pytest.approx(1 / 6),
    )
    assert "100.0 %" in statement(found) and "6 questions" in statement(found)


def test_a_calibration_of_pairs_outlives_what_is_added():
    index, *_ = grouped(0.1)
    index.calibrate([("0", "1"), ("0", "9")], [1, 0])
    index.add(["7"], ids=["new"])
    assert index.calibration["source"] == "pairs"


@pytest.mark.parametrize(
    ("pairs", "labels", "message"),
    [
        ([], [], "0 scores"),
        (["ab"], [1], "expected two texts"),
        ([("0", "1")], [0], "none of 1 pairs is the same"),
        ([("0", "1")], [1, 0], "1 scores and 2 labels"),
        ([("0", " ")], [1], "blank"),
    ],
    ids=["none", "no pair", "nothing same", "labels", "blank"],
)
def test_pairs_that_tell_nothing_are_refused(pairs, labels, message):
    with pytest.raises(ValueError, match=message):
        grouped(0.1)[0].calibrate(pairs, labels)


def test_too_few_questions_in_groups():
    index = FAQIndex(Angles())
    index.add(["0", "0.1", "1"], ids=["a", "a", "b"])
    with pytest.raises(ValueError, match=r"2 questions share their id.*expected 30"):
        index.calibrate_from_groups()
