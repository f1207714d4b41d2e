"""Windows over long passages: they cover all, and each span has the score of the window that sees most around it.

Run: pytest tests/reading/test_long_passages.py
"""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.reading.long_passages import merge_windows, windows
from zhnlp.reading.spans import n_best, span_scores


@st.composite
def layouts(draw):
    size = draw(st.integers(1, 8))
    return draw(st.integers(0, 25)), size, draw(st.integers(1, size))


@given(layouts())
def test_windows_cover_all_and_hold_short_spans_whole(layout):
    length, size, stride = layout
    found = windows(length, size, stride)
    assert sorted({token for start, end in found for token in range(start, end)}) == list(range(length))
    assert all(end - start == min(size, length) for start, end in found)
    assert all(0 < after[0] - before[0] <= stride for before, after in itertools.pairwise(found))
    whole = min(size - stride + 1, length)
    for first in range(length - whole + 1 if length else 0):
        assert any(start <= first and first + whole <= end for start, end in found)


@given(layouts(), st.integers(1, 5), st.integers(0, 9))
def test_each_span_has_the_score_of_the_window_that_sees_most_around_it(layout, longest, seed):
    length, size, stride = layout
    spans = windows(length, size, stride)
    draws = np.random.default_rng(seed)
    start, end = (draws.uniform(0.2, 1, (len(spans), size)) for _ in range(2))
    merged = merge_windows(span_scores(start, end, max_length=longest), spans)
    assert merged.shape == (1, length, longest)
    for first in range(length):
        for last in range(first, first + longest):
            seen = [
                (min(first - low, high - 1 - last), -number)
                for number, (low, high) in enumerate(spans)
                if low <= first and last < high
            ]
            expected = 0.0
            if seen:
                window = -max(seen)[1]
                low = spans[window][0]
                expected = start[window, first - low] * end[window, last - low]
            assert merged[0, first, last - first] == pytest.approx(expected, abs=1e-6)


def test_one_window_changes_nothing():
    band = span_scores([[0.5, 0.9, 0.0]], [[0.5, 0.9, 0.4]])
    np.testing.assert_array_equal(merge_windows(band, windows(3, 9, 4)), band)
    shorter = span_scores([[0.5, 0.9]], [[0.5, 0.9]])
    np.testing.assert_array_equal(merge_windows(band, windows(2, 3, 1)), shorter)


def test_the_best_span_is_the_best_of_all_windows():
    start = np.full((2, 4), 0.2)
    start[1, 3] = 0.9  # token 5
    spans = n_best(merge_windows(span_scores(start, start), windows(6, 4, 2)))
    assert (spans.start.tolist(), spans.end.tolist()) == ([5], [6])


def test_a_passage_without_tokens():
    merged = merge_windows(np.zeros((0, 4, 3), np.float32), windows(0, 4, 2))
    assert merged.shape == (1, 0, 3) and len(n_best(merged).row) == 0


def test_strides_that_leave_tokens_out_are_refused():
    for stride in (0, 5):
        with pytest.raises(ValueError, match=rf"size=4, stride={stride} leave tokens out"):
            windows(9, 4, stride)


def test_other_windows_are_refused():
    band = np.zeros((2, 4, 3))
    for spans in ([(0, 4)], [(2, 6), (0, 4)], [(0, 4), (0, 4)], [(0, 5), (2, 7)]):
        with pytest.raises(ValueError, match="windows and scores of 2 with 4 tokens each"):
            merge_windows(band, spans)
