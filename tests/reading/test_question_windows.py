"""Edit distances by bits against nltk's table, in one block of 64 and in several; windows unit by unit.

Run: pytest tests/reading/test_question_windows.py
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.metrics import edit_distance

from zhnlp.reading import question_windows
from zhnlp.reading.question_windows import window_features


def edit_distances(rows, target):
    """Of each row, by the compiled column."""
    if not target.size:
        return np.full(len(rows), rows.shape[1])
    masks = question_windows._masks(target, 5)
    column = np.empty((2, masks.shape[1]), np.uint64)
    return np.array([question_windows._distance(row, masks, len(target), column) for row in rows])


UNITS = st.lists(st.integers(1, 4), max_size=8)


@given(st.lists(st.lists(st.integers(1, 4), min_size=5, max_size=5), min_size=1), UNITS)
def test_distances_are_those_of_nltk(rows, target):
    found = edit_distances(np.array(rows), np.array(target, np.int64))
    assert found.tolist() == [edit_distance(row, target) for row in rows]


@pytest.mark.parametrize("length", [63, 64, 65, 128, 150])
def test_targets_of_several_blocks(length):
    draws = np.random.default_rng(length)
    target = draws.integers(1, 4, length)
    rows = [draws.integers(1, 4, 70) for _ in range(3)] + [np.resize(target[3:], 70)]
    assert edit_distances(np.stack(rows), target).tolist() == [edit_distance(row, target) for row in rows]


@given(st.lists(UNITS, max_size=4), st.lists(st.integers(1, 4), min_size=1, max_size=6))
def test_windows_unit_by_unit(passages, question):
    found = window_features([np.array(one, np.int64) for one in passages], np.array(question), 5)
    expected = []
    for units in passages:
        padded = [0] * len(question) + units + [0] * len(question)
        for place in range(len(units)):
            first = place + len(question) - len(question) // 2
            window = padded[first : first + len(question)]
            shared, either = set(question) & set(window), set(question) | set(window)
            expected.append((len(shared) / len(either), edit_distance(question, window) / len(question)))
    np.testing.assert_allclose(found, np.array(expected).reshape(-1, 2), atol=1e-6)


def test_plain_python_gives_the_same():
    """Where numba is missing the functions run as they are written."""
    plain = getattr(question_windows._distance, "py_func", question_windows._distance)
    draws = np.random.default_rng(0)
    target, row = draws.integers(1, 4, 70), draws.integers(1, 4, 20)
    column = np.empty((2, 2), np.uint64)
    with np.errstate(over="ignore"):
        found = plain(row, question_windows._masks(target, 5), 70, column)
    assert found == edit_distance(row, target)
