"""Batches by length and padding.

Run: pytest tests/models/test_batching.py
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.models.batching import batches_by_length, pad


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 300), max_size=60), st.integers(1, 600), st.none() | st.integers(1, 8))
def test_every_row_once_within_the_budget(lengths, budget, batch_size):
    batches = list(batches_by_length(lengths, token_budget=budget, batch_size=batch_size))
    assert sorted(number for batch in batches for number in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[number] for number in batch)
        assert len(batch) == 1 or len(batch) * longest <= budget
        assert batch_size is None or len(batch) <= batch_size
    longest = [max(lengths[number] for number in batch) for batch in batches]
    assert longest == sorted(longest, reverse=True)


def test_pad_left_and_right():
    ids, mask = pad([[5], [6, 7]], 9, left=True)
    assert ids.tolist() == [[9, 5], [6, 7]] and mask.tolist() == [[0, 1], [1, 1]]
    ids, mask = pad([[5], [6, 7]], 9)
    assert ids.tolist() == [[5, 9], [6, 7]] and mask.tolist() == [[1, 0], [1, 1]]
