"""Variety of texts: by hand, bounds, refusals.

Run: pytest tests/metrics/test_distinct.py
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.metrics import distinct_n, repetition

TEXTS = st.lists(st.text("甲乙丙 Aa", max_size=10), max_size=6)


def test_by_hand():
    """电网电 and 电压: 电 网 电 电 压, 3 of 5 differ; 电网 网电 电压, all differ; 电 comes again once inside a text."""
    texts = ["电网 电", "电压"]
    assert (distinct_n(texts, 1), distinct_n(texts, 2)) == (3 / 5, 1.0)
    assert (repetition(texts, 1), repetition(texts, 2)) == (1 / 5, 0.0)


@given(TEXTS, st.integers(1, 4))
def test_shares_do_not_depend_on_order_case_or_blanks(texts, n):
    changed = [f" {text.upper()} " for text in reversed(texts)]
    assert 0 <= distinct_n(texts, n) <= 1 and 0 <= repetition(texts, n) < 1
    assert distinct_n(texts, n) == distinct_n(changed, n) and repetition(texts, n) == repetition(changed, n)


@given(st.text("甲乙丙丁", min_size=2), st.integers(2, 5))
def test_the_same_text_again_divides_variety_and_leaves_repetition(text, times):
    assert distinct_n([text] * times, 2) == pytest.approx(distinct_n([text], 2) / times)
    assert repetition([text] * times, 2) == pytest.approx(repetition([text], 2))


def test_nothing_is_0():
    assert distinct_n([], 1) == distinct_n([""], 1) == distinct_n(["天"], 2) == repetition(["天地玄"]) == 0


@pytest.mark.parametrize("measure", [distinct_n, repetition])
def test_one_string_and_ngrams_of_nothing_are_refused(measure):
    with pytest.raises(TypeError, match="got one str as texts: expected a list"):
        measure("天地", 1)
    with pytest.raises(ValueError, match="got n=0: expected n-grams of 1 character or more"):
        measure(["天地"], 0)
