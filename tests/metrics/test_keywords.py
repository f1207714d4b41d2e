"""Scores of keywords, by hand and against sets.

Run: pytest tests/metrics/test_keywords.py
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.metrics.keywords import evaluate_keywords

WORDS = st.lists(st.sampled_from(["电网", "母线", "GIS", "gis", "ＧＩＳ", "绕组"]), min_size=1, max_size=6)


def test_by_hand():
    score = evaluate_keywords([["电网", "母线"], ["绕组"]], [["电网", "开关", "电压"], ["铁心"]], k=2)
    assert score["primary_metric"] == "f1" and score["hits"] == 1
    assert score["f1"] == pytest.approx((2 * 1 / 5 + 0) / 2)
    assert score["precision"] == pytest.approx(1 / 4) and score["recall"] == pytest.approx(1 / 6)
    assert score["micro_f1"] == pytest.approx(2 / 7)


def test_only_the_first_k_count_and_repetitions_once():
    assert evaluate_keywords([["电网", "电网", "母线", "绕组"]], [["绕组"]], k=2)["hits"] == 0
    assert evaluate_keywords([["电网", "ＧＩＳ", "gis"]], [["GIS", "电网"]], k=2)["f1"] == 1
    assert evaluate_keywords([[{"term": "电网", "score": 1.0}]], [["电网"]])["f1"] == 1
    assert evaluate_keywords([[]], [["电网"]])["f1"] == 0


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=5), st.integers(1, 6))
def test_against_sets(pairs, k):
    fold = {"ＧＩＳ": "gis", "GIS": "gis"}
    score = evaluate_keywords([p for p, _ in pairs], [g for _, g in pairs], k=k)
    total = 0.0
    for predicted, gold in pairs:
        found = set(list(dict.fromkeys(fold.get(w, w) for w in predicted))[:k])
        right = {fold.get(w, w) for w in gold}
        p, r = len(found & right) / len(found), len(found & right) / len(right)
        total += 2 * p * r / (p + r) if p + r else 0
    assert score["f1"] == pytest.approx(total / len(pairs))


@pytest.mark.parametrize(
    ("predicted", "gold", "k", "said"),
    [
        ([["a"]], [], 5, "1 documents with keywords and 0"),
        ([], [], 5, "0 documents"),
        ([["a"]], [["a"]], 0, "k=0"),
        ([["a"]], [[" "]], 5, "document 0 has no gold"),
    ],
)
def test_refusals(predicted, gold, k, said):
    with pytest.raises(ValueError, match=said):
        evaluate_keywords(predicted, gold, k=k)
