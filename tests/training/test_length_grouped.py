"""Batches by length: each sample once, little padding, within the budget.

Run: pytest tests/training/test_length_grouped.py
"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.training import LengthGroupedBatches, ShuffledBatches, TokenBudgetBatches
from zhnlp.training.length_grouped import padding_share

LENGTHS = st.lists(st.integers(0, 50), min_size=1, max_size=60)


@settings(max_examples=60, deadline=None)
@given(LENGTHS, st.integers(1, 9), st.integers(0, 3))
def test_every_sample_once_whatever_the_epoch(lengths, size, epoch):
    for batches in (
        LengthGroupedBatches(lengths, size, chunk=2),
        TokenBudgetBatches(lengths, max_tokens=60, max_batch=size),
    ):
        count = len(batches)
        batches.set_epoch(epoch)
        found = list(batches)
        assert (
            sorted(index for batch in found for index in batch) == list(range(len(lengths)))
            and len(found) == count
        )
        assert max(map(len, found)) <= size and found == list(batches)
        longest = max(range(len(lengths)), key=lengths.__getitem__)
        if (
            len(found[-1]) == len(found[0]) or longest not in found[-1]
        ):  # too much for the memory shows at once
            assert max(lengths) in [lengths[index] for index in found[0]]


@settings(max_examples=60, deadline=None)
@given(LENGTHS, st.integers(50, 200))
def test_a_budget_is_kept_with_padding(lengths, budget):
    for batch in TokenBudgetBatches(lengths, budget):
        assert len(batch) * max(lengths[index] for index in batch) <= budget


def test_epochs_differ_within_equal_lengths():
    batches = TokenBudgetBatches([3] * 40, max_tokens=12)
    first = [sorted(batch) for batch in batches]
    batches.set_epoch(1)
    assert {len(batch) for batch in batches} == {4} and sorted(first) != sorted(map(sorted, batches))


def test_padding_by_hand_and_against_no_grouping():
    assert padding_share([[0, 1], [2]], [1, 4, 5]) == pytest.approx(3 / 13)
    lengths = torch.randint(5, 500, (2000,), generator=torch.Generator().manual_seed(0)).tolist()
    plain = padding_share(ShuffledBatches(2000, 16), lengths)
    grouped = padding_share(LengthGroupedBatches(lengths, 16), lengths)
    budget = padding_share(TokenBudgetBatches(lengths, 4000), lengths)
    assert plain > 0.4 and grouped < 0.03 and budget < 0.02


def test_refusals():
    with pytest.raises(ValueError, match="sample 1 has 9 tokens: expected at most max_tokens = 8"):
        TokenBudgetBatches([3, 9], 8)
    with pytest.raises(ValueError, match="expected at least 1"):
        LengthGroupedBatches([3], 0)
