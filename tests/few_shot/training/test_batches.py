"""Batches of labelled and unlabelled texts: labels are met once an epoch, the others in turn.

Run: pytest tests/few_shot/training/test_batches.py
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.few_shot.training.batches import MixedBatches


@given(
    sizes=st.lists(st.integers(1, 12), min_size=1, max_size=3),
    rows=st.lists(st.integers(1, 5), min_size=3, max_size=3),
    seed=st.integers(0, 9),
)
def test_labels_once_an_epoch_and_nothing_twice_before_all_were_met(sizes, rows, seed):
    rows = rows[: len(sizes)]
    batches = MixedBatches(sizes, rows, seed=seed)
    met = []
    for epoch in range(4):
        batches.set_epoch(epoch)
        drawn = list(batches)
        assert len(drawn) == len(batches) and drawn == list(batches)
        known = [i for batch in drawn for i in batch if i < sizes[0]]
        assert sorted(known) == list(range(sizes[0]))
        met += [i for batch in drawn for i in batch]
        begin = sizes[0]
        for size, count in zip(sizes[1:], rows[1:]):
            assert all(sum(begin <= i < begin + size for i in batch) == count for batch in drawn)
            begin += size
    begin = sizes[0]
    for size in sizes[1:]:
        own = [i for i in met if begin <= i < begin + size]
        for first in range(0, len(own) - size + 1, size):
            assert sorted(own[first : first + size]) == list(range(begin, begin + size))
        begin += size


def test_the_order_hangs_on_seed_and_epoch():
    one, other = MixedBatches([40], [4], seed=1), MixedBatches([40], [4], seed=2)
    first = list(one)
    assert first != list(other)
    one.set_epoch(1)
    assert list(one) != first


def test_empty_groups_are_refused():
    for sizes, rows in (([0], [2]), ([3], [0]), ([3, 1], [2])):
        with pytest.raises(ValueError, match="expected 1 or more of both"):
            MixedBatches(sizes, rows)
