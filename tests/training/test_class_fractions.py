from collections import Counter

import pytest

from zhnlp.training.class_fractions import ClassFractionBatches

LABELS = [0] * 80 + [1] * 15 + [2] * 5


def counts(batch):
    return Counter(LABELS[row] for row in batch)


def test_every_batch_has_the_asked_counts():
    batches = ClassFractionBatches(LABELS, 20, {0: 0.7, 1: 0.2, 2: 0.1})
    assert len(batches) == len(list(batches)) == 5
    assert all(counts(batch) == {0: 14, 1: 4, 2: 2} for batch in batches)


def test_shares_that_do_not_come_out_even_still_fill_the_batch_with_every_class():
    batches = ClassFractionBatches(LABELS, 7, {0: 0.98, 1: 0.01, 2: 0.01}, steps=3)
    assert [counts(batch) for batch in batches] == [{0: 5, 1: 1, 2: 1}] * 3


def test_draws_hang_on_seed_and_pass_alone():
    first, second = (ClassFractionBatches(LABELS, 20, seed=4) for _ in range(2))
    assert list(first) == list(second)
    second.set_epoch(1)
    assert list(first) != list(second)


@pytest.mark.parametrize(
    ("size", "fractions", "message"),
    [
        (2, None, "3 or more"),
        (20, {0: 0.5, 1: 0.5}, "expected a share above 0"),
        (20, {0: 1.0, 1: 1.0, 2: 0.0}, "expected a share above 0"),
    ],
)
def test_what_cannot_be_is_refused(size, fractions, message):
    with pytest.raises(ValueError, match=message):
        ClassFractionBatches(LABELS, size, fractions)
