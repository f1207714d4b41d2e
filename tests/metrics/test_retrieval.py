"""hit@k and MRR: by hand, duplicates, a plain loop as oracle, refusals.

Run: pytest tests/metrics/test_retrieval.py
"""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.metrics import evaluate_ranks, evaluate_retrieval, right_ranks


def loop(vectors, groups, k):
    """Sort all others by score, wrong ones first among equals, and look for the first right one."""
    hits, reciprocal = [], []
    for query in range(len(vectors)):
        others = [one for one in range(len(vectors)) if one != query]
        if not any(groups[one] == groups[query] for one in others):
            continue
        others.sort(key=lambda one: (-(vectors[query] @ vectors[one]), groups[one] == groups[query]))
        rank = 1 + next(i for i, one in enumerate(others) if groups[one] == groups[query])
        hits.append(rank <= k)
        reciprocal.append(1 / rank)
    return np.mean(hits), np.mean(reciprocal)


CORNERS = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 0, 0], [0, 0, -1]], float)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=3, max_size=15), st.integers(1, 4))
def test_with_many_duplicates_it_is_the_plain_loop(texts, k):
    vectors, groups = CORNERS[[corner for corner, _ in texts]], [group for _, group in texts]
    if len(set(groups)) == len(groups):
        return
    score = evaluate_retrieval(vectors, groups, hits=[k], block=4)
    assert (score[f"hit@{k}"], score["mrr"]) == pytest.approx(loop(vectors, groups, k))


def test_a_duplicate_of_the_query_is_a_result_and_the_query_is_none():
    same = np.array([[1, 0], [1, 0], [0, 1]], float)
    assert evaluate_retrieval(same, ["a", "a", "b"])["hit@1"] == 1.0  # the other entry of the same text
    wrong = evaluate_retrieval(same, ["a", "b", "a"], hits=(1, 2))  # the same text filed under another group
    assert wrong["hit@1"] == 0 and wrong["hit@2"] == 1 and wrong["mrr"] == 0.5
    assert wrong["queries"] == 2 and wrong["unanswerable"] == 1


def test_of_several_right_ones_the_nearest_counts():
    scores = np.array([[0.0, 0.9, 0.8, 0.3]])
    assert right_ranks(scores, np.array([[False, False, True, True]])).tolist() == [2]


def test_own_column_is_left_out_even_where_it_is_not_the_nearest():
    scores = np.array([[0.1, 0.9, 0.5], [0.9, 0.2, 0.4], [0.9, 0.5, 0.1]])
    right = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]], bool)
    kept = right.copy()
    assert right_ranks(scores, right, own=np.arange(3)).tolist() == [2, 0, 1]
    assert (right == kept).all()


def test_vectors_that_are_all_the_same_score_near_0():
    groups = np.repeat(np.arange(50), 2)
    assert evaluate_retrieval(np.ones((100, 4)), groups)["hit@10"] == 0


def test_queries_outside_the_pool_leave_none_out():
    pool = np.array([[1, 0], [0, 1]], float)
    score = evaluate_retrieval(pool, ["a", "b"], queries=[[2.0, 0.1]], query_groups=["a"], hits=[1])
    assert score == {
        "primary_metric": "hit@1",
        "hit@1": 1.0,
        "mrr": 1.0,
        "queries": 1,
        "unanswerable": 0,
        "pool": 2,
    }
    assert json.loads(json.dumps(score)) == score


def test_tensors_and_blocks_change_nothing():
    vectors = torch.randn(60, 5, generator=torch.Generator().manual_seed(0))
    groups = [f"组{number % 20}" for number in range(60)]
    score = evaluate_retrieval(vectors, groups)
    assert score == evaluate_retrieval(vectors.numpy(), groups, block=7)
    assert (score["hit@10"], score["mrr"]) == pytest.approx(
        loop((vectors / vectors.norm(dim=1)[:, None]).numpy(), groups, 10)
    )


@given(st.lists(st.integers(1, 30), min_size=1, max_size=30))
def test_more_results_hit_no_less(ranks):
    score = evaluate_ranks(ranks, hits=(1, 5, 10))
    assert score["hit@1"] <= score["mrr"] <= 1 and score["hit@1"] <= score["hit@5"] <= score["hit@10"]


@pytest.mark.parametrize(
    ("vectors", "groups", "options", "message"),
    [
        (np.ones((2, 2)), ["a"], {}, r"\(2, 2\) with 1 groups"),
        (np.ones(2), ["a", "a"], {}, "one vector a text"),
        ([[1.0], [np.nan]], ["a", "a"], {}, "vector 1 .* NaN"),
        (np.ones((2, 2)), ["a", "b"], {}, "none of 2 queries has a right one"),
        (np.ones((2, 2)), ["a", "a"], {"hits": []}, "at least one"),
        (np.ones((2, 2)), ["a", "a"], {"block": 0}, "block=0"),
        (np.ones((2, 2)), ["a", "a"], {"queries": np.ones((1, 2))}, "expected both"),
    ],
)
def test_what_cannot_be_scored_is_refused(vectors, groups, options, message):
    with pytest.raises(ValueError, match=message):
        evaluate_retrieval(vectors, groups, **options)


def test_scores_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="a score is NaN"):
        right_ranks(np.array([[np.nan]]), np.array([[True]]))
    with pytest.raises(ValueError, match="rank -1"):
        evaluate_ranks([-1, 1])
