"""Scores of a classifier: by hand, against scikit-learn, refusals; the picture of the confusion matrix.

Run: pytest tests/metrics/test_classification.py
"""

import json
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score

from zhnlp.metrics import evaluate_classification, plot_confusion

LABELS = st.sampled_from(["体育", "财经", "科技"])


def test_three_classes_by_hand():
    gold = ["体育", "体育", "体育", "财经", "科技"]
    score = evaluate_classification(gold, ["体育", "体育", "财经", "财经", "体育"])
    assert score["primary_metric"] == "accuracy" and score["accuracy"] == 3 / 5 and score["texts"] == 5
    rows = {row["label"]: row for row in score["per_class"]}
    assert (rows["体育"]["precision"], rows["体育"]["recall"], rows["体育"]["support"]) == (2 / 3, 2 / 3, 3)
    assert (rows["财经"]["precision"], rows["财经"]["recall"]) == (1 / 2, 1)
    assert rows["科技"]["f1"] == 0 and score["macro_f1"] == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)
    assert score["confusion"][score["labels"].index("科技")][score["labels"].index("体育")] == 1


@given(st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=30))
def test_scores_are_those_of_scikit_learn_and_counts_add_up(pairs):
    gold, predicted = map(list, zip(*pairs))
    score = evaluate_classification(gold, predicted)
    assert score["accuracy"] == pytest.approx(accuracy_score(gold, predicted))
    expected = f1_score(gold, predicted, average="macro", zero_division=0)
    assert score["macro_f1"] == pytest.approx(expected)
    counts = np.array(score["confusion"])
    assert counts.sum() == len(pairs) and np.trace(counts) == round(score["accuracy"] * len(pairs))
    assert [row["support"] for row in score["per_class"]] == counts.sum(1).tolist()
    assert json.loads(json.dumps(score)) == score


def test_the_order_of_labels_is_the_callers_and_numbers_of_numpy_become_plain():
    score = evaluate_classification(np.array([1, 0]), np.array([1, 1]), labels=[2, 1, 0])
    assert score["labels"] == [2, 1, 0] and score["confusion"] == [[0, 0, 0], [0, 1, 0], [0, 1, 0]]
    assert all(type(label) is int for label in score["labels"])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((["a"], ["a", "b"]), ValueError, "got 1 gold and 2 predicted labels"),
        (([], []), ValueError, "expected as many, 1 or more"),
        (("ab", ["a", "b"]), TypeError, "gold is one str"),
        ((["a"], [1]), TypeError, "several kinds"),
    ],
)
def test_what_cannot_be_scored_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        evaluate_classification(*arguments)


def test_labels_outside_the_given_ones_and_doubles_are_refused():
    with pytest.raises(ValueError, match="predicted has the label 'c', which is none of 'a', 'b'"):
        evaluate_classification(["a"], ["c"], labels=["a", "b"])
    with pytest.raises(ValueError, match="gold has the label 0"):
        evaluate_classification([0], [1], labels=[1, 2])
    with pytest.raises(ValueError, match="'a' twice"):
        evaluate_classification(["a"], ["a"], labels=["a", "a"])


class TestPicture:
    score = evaluate_classification(["好", "好", "差"], ["好", "差", "差"], labels=["好", "差"])

    @pytest.fixture(autouse=True)
    def _needs_matplotlib(self):
        pytest.importorskip("matplotlib", reason='pip install "zhnlp[plot]"')

    def test_it_has_the_counts_and_the_labels_or_says_why_not(self, tmp_path):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            figure = plot_confusion(self.score, tmp_path / "new/picture.png", title="评论")
        axes = figure.axes[0]
        assert [text.get_text() for text in axes.texts] == ["1", "1", "0", "1"]
        shown = [label.get_text() for label in axes.get_xticklabels()]
        numbered = any("no installed font" in str(one.message) for one in said)
        assert shown == (["0", "1"] if numbered else self.score["labels"])
        assert not any("missing from font" in str(one.message) for one in said)
        assert (tmp_path / "new/picture.png").stat().st_size > 5_000

    def test_without_a_font_labels_become_numbers_and_it_is_said(self):
        score = evaluate_classification(["\u0378甲", "ascii"], ["ascii", "ascii"])  # no font has U+0378
        with pytest.warns(UserWarning, match=r"no installed font writes all of the labels .* fonts-noto-cjk"):
            figure = plot_confusion(score, normalize=False)
        assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["ascii", "1"]

    def test_another_result_is_refused(self):
        with pytest.raises(KeyError, match="no confusion and no labels"):
            plot_confusion({"f1": 1.0})
