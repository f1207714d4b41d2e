"""Correlations: scipy as oracle, ties, refusals.

Run: pytest tests/metrics/test_similarity.py
"""

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import pearsonr, rankdata, spearmanr

from zhnlp.metrics import evaluate_similarity
from zhnlp.metrics.similarity import mean_ranks


def test_by_hand():
    score = evaluate_similarity([1, 2, 3], [10, 30, 20])  # ranks 1, 3, 2: 1 - 6 · 2 / (3 · 8)
    assert score["primary_metric"] == "spearman" and score["spearman"] == pytest.approx(0.5)
    assert score["pearson"] == pytest.approx(0.5) and score["pairs"] == 3
    assert json.loads(json.dumps(score)) == score


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 2)), min_size=2, max_size=40))
def test_with_many_ties_it_is_scipys(pairs):
    scores, gold = zip(*pairs)
    assume(len(set(scores)) > 1 and len(set(gold)) > 1)
    score = evaluate_similarity(scores, gold)
    assert score["spearman"] == pytest.approx(spearmanr(scores, gold).statistic, abs=1e-12)
    assert score["pearson"] == pytest.approx(pearsonr(scores, gold).statistic, abs=1e-12)
    assert mean_ranks(scores).tolist() == rankdata(scores).tolist()


def test_only_the_order_counts_for_spearman():
    scores, gold = [0.1, 0.9, 0.4, 0.7], [0, 3, 2, 1]
    curved = evaluate_similarity([score**9 for score in scores], gold)
    assert curved["spearman"] == evaluate_similarity(scores, gold)["spearman"] != curved["pearson"]


def test_a_collapsed_encoder_scores_0_and_is_said():
    with pytest.warns(UserWarning, match=r"all 3 scores are 0\.7"):
        score = evaluate_similarity([0.7] * 3, [0, 1, 2])
    assert score["spearman"] == score["pearson"] == 0


@pytest.mark.parametrize(
    ("scores", "gold", "message"),
    [
        ([1, 2], [1], "got 2 scores and 1 labels"),
        ([1], [1], "2 or more"),
        ([1, float("nan")], [0, 1], r"scores have nan at pair 1"),
        ([1, 2], [1, 1], "all 2 labels are 1"),
        ([[1, 2]], [1, 2], "one number a pair"),
    ],
)
def test_what_cannot_be_scored_is_refused(scores, gold, message):
    with pytest.raises(ValueError, match=message):
        evaluate_similarity(scores, gold)
