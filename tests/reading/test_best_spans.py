"""The compiled search for spans against the band of all of them.

Run: pytest tests/reading/test_best_spans.py
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from zhnlp.reading import candidates, span_scores
from zhnlp.reading.best_spans import best_spans

CHANCES = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5, 1.0])  # many equals


@given(
    arrays.arrays(np.float32, st.tuples(st.just(2), st.integers(0, 3), st.integers(0, 7)), elements=CHANCES),
    st.integers(1, 5),
    st.sampled_from([0.0, 0.1, 0.3]),
    st.integers(1, 30),
)
def test_they_are_the_candidates_of_the_band(both, longest, threshold, limit):
    start, end = both
    expected = candidates(span_scores(start, end, max_length=longest, threshold=threshold), limit=limit)
    found = best_spans(start, end, max_length=longest, threshold=threshold, limit=limit)
    for ours, theirs in zip(found, expected):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("limit", [1, 20, 1000])
def test_of_real_chances_too(limit):
    draws = np.random.default_rng(limit)
    start, end = (draws.dirichlet(np.full(200, 0.05), 10).astype(np.float32) for _ in range(2))
    expected = candidates(span_scores(start, end, max_length=79, threshold=0.0), limit=limit)
    found = best_spans(start, end, max_length=79, threshold=0.0, limit=limit)
    for ours, theirs in zip(found, expected):
        np.testing.assert_array_equal(ours, theirs)
