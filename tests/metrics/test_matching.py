"""Same or different: the searched threshold against a grid and scikit-learn, dev against test, refusals.

Run: pytest tests/metrics/test_matching.py
"""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score

from zhnlp.metrics import evaluate_matching, search_threshold

PAIRS = st.lists(st.tuples(st.integers(-4, 4).map(lambda n: n / 4), st.booleans()), min_size=1, max_size=30)


def oracle(metric, same, taken):
    return accuracy_score(same, taken) if metric == "accuracy" else f1_score(same, taken, zero_division=0)


def counted(metric, same, taken):
    """As the oracle, but quick."""
    if metric == "accuracy":
        return np.mean(same == taken)
    return 2 * np.sum(same & taken) / max(np.sum(same) + np.sum(taken), 1)


@pytest.mark.parametrize("metric", ["accuracy", "f1"])
@given(PAIRS)
def test_no_threshold_of_a_grid_is_better_and_the_best_is_what_scikit_learn_counts(metric, pairs):
    scores, same = map(np.array, zip(*pairs))
    cut, best = search_threshold(scores, same, metric=metric)
    assert best == pytest.approx(oracle(metric, same, scores >= cut))
    grid = np.linspace(-1.3, 1.3, 53)
    assert best >= max(counted(metric, same, scores >= one) for one in grid) - 1e-12


@pytest.mark.parametrize("metric", ["accuracy", "f1"])
@given(st.lists(st.tuples(st.floats(0.5, 0.5000000001), st.booleans()), min_size=1, max_size=10))
def test_scores_next_to_each_other_are_told_apart(metric, pairs):
    scores, same = map(np.array, zip(*pairs))
    cut, best = search_threshold(scores, same, metric=metric)
    assert best == pytest.approx(counted(metric, same, scores >= cut))


def test_ends_by_hand():
    assert search_threshold([0.2, 0.9], [1, 1]) == (0.2, 1.0)  # all are the same
    cut, best = search_threshold([0.2, 0.9], [0, 0])  # none is
    assert cut > 0.9 and best == 1
    assert search_threshold([0.5, 0.5, 0.5], [1, 1, 0]) == (0.5, 2 / 3)  # equals cannot be told apart


def test_the_threshold_of_dev_is_applied_to_test():
    score = evaluate_matching(
        [0.95, 0.5, 0.8, 0.1], [1, 1, 0, 0], dev_scores=[0.9, 0.8, 0.2, 0.1], dev_same=[1, 0, 0, 0]
    )
    assert score["primary_metric"] == "accuracy" and score["accuracy_threshold"] == pytest.approx(0.85)
    assert score["accuracy"] == 3 / 4 and score["dev_accuracy"] == 1  # 0.5 is missed
    assert score["f1"] == pytest.approx(2 / 3) and score["majority"] == 0.5 and score["pairs"] == 4
    assert json.loads(json.dumps(score)) == score


def test_the_test_labels_move_no_threshold():
    dev = {"dev_scores": [0.9, 0.8, 0.2], "dev_same": [1, 1, 0]}
    first = evaluate_matching([0.3, 0.6], [0, 1], **dev)
    second = evaluate_matching([0.3, 0.6], [1, 0], **dev)
    assert first["accuracy"] == 1 and second["accuracy"] == 0
    assert first["accuracy_threshold"] == second["accuracy_threshold"]


@pytest.mark.parametrize(
    ("scores", "same", "message"),
    [
        ([], [], "1 or more"),
        ([0.5], [1, 0], "got 1 scores and 2 labels"),
        ([0.5, 0.6], [0, 3], "same has 3: .* for graded labels"),
        ([float("inf")], [1], "scores have inf"),
    ],
)
def test_what_cannot_be_searched_is_refused(scores, same, message):
    with pytest.raises(ValueError, match=message):
        search_threshold(scores, same)


def test_another_metric_is_refused():
    with pytest.raises(ValueError, match="metric='auc'"):
        search_threshold([0.5], [1], metric="auc")
