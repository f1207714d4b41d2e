"""Loading: the same samples in the same order whoever loads them.

Run: pytest tests/training/test_loading.py
"""

import random

import numpy as np
import pytest
import torch
from drawing_numbers import Numbers, as_list
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from zhnlp.training import SeededLoader, ShuffledBatches, StreamedBatches
from zhnlp.training.loading import NumberedBatches


class Shuffled(torch.utils.data.IterableDataset):
    """A stream that shuffles by the global generator."""

    def __iter__(self):
        yield from random.sample(range(23), 23)


def loader(workers, epoch=0, **options):
    made = SeededLoader(
        Numbers(), ShuffledBatches(23, 4, seed=1), as_list, seed=1, workers=workers, **options
    )
    made.set_epoch(epoch)
    return made


@pytest.mark.parametrize("workers", [2, 4])
def test_workers_yield_the_same_as_none(workers):
    """Each sample once per epoch, in the same order, with the same random draws (6575)."""
    alone = list(loader(0))
    assert sorted(sample[0] for batch in alone for sample in batch[:-1]) == list(range(23))
    assert list(loader(workers)) == alone


def test_workers_may_be_spawned_and_stay_for_the_next_epoch():
    made = loader(2, multiprocessing_context="spawn", persistent_workers=True)
    for epoch in (0, 1):
        made.set_epoch(epoch)
        assert list(made) == list(loader(0, epoch))


def test_epochs_differ_and_the_generators_of_the_training_stand_still():
    before = random.getstate(), torch.get_rng_state(), np.random.get_state()[1].tolist()
    assert list(loader(0, 0)) != list(loader(0, 1))
    assert before[0] == random.getstate() and torch.equal(before[1], torch.get_rng_state())
    assert before[2] == np.random.get_state()[1].tolist()


def test_getitems_is_used_where_there_is_one():
    class Table(Numbers):
        def __getitems__(self, indices):
            return [[-index] for index in indices]

    made = SeededLoader(Table(), ShuffledBatches(23, 23, shuffle=False), lambda samples: samples)
    assert list(made) == [[[-index] for index in range(23)]]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 6), st.integers(1, 5), st.booleans())
def test_processes_share_the_samples_of_each_step(size, batch, world, drop_last):
    """As many steps in each, together the samples of one process with a larger batch; only a rest may repeat one."""
    shares = [
        list(NumberedBatches(ShuffledBatches(size, batch, drop_last=drop_last), rank=rank, world=world))
        for rank in range(world)
    ]
    whole = list(ShuffledBatches(size, batch * world))
    steps = {len(share) for share in shares}
    assert len(steps) == 1
    assert all(
        len(share) == len(NumberedBatches(ShuffledBatches(size, batch, drop_last=drop_last), world=world))
        for share in shares
    )
    for step in range(steps.pop()):
        parts = [share[step] for share in shares]
        together = [index for part in parts for index in part]
        if drop_last:
            assert len(together) == batch * world and len(set(together)) == len(together)
        else:
            assert set(together) == set(whole[step]) and all(1 <= len(part) <= batch for part in parts)
            assert len(together) == max(len(whole[step]), world)
        assert len({part.seed for part in parts}) == world  # no two draw alike


@pytest.mark.parametrize("workers", [0, 2, 4])
def test_a_stream_yields_each_sample_once_a_pass_in_one_order(workers):
    def batches(workers):
        made = StreamedBatches(Shuffled(), 4, list, seed=3, passes=2)
        return list(DataLoader(made, batch_size=None, num_workers=workers))

    alone = batches(0)
    for turn in (alone[:6], alone[6:]):
        assert sorted(number for batch in turn for number in batch) == list(range(23))
    assert alone[:6] != alone[6:] and batches(workers) == alone


@pytest.mark.parametrize("workers", [0, 2])
def test_processes_share_a_stream(workers):
    shares = [
        list(
            DataLoader(
                StreamedBatches(range(23), 4, list, passes=1, rank=rank, world=2),
                batch_size=None,
                num_workers=workers,
            )
        )
        for rank in (0, 1)
    ]
    assert shares == [
        [[0, 1, 2, 3], [8, 9, 10, 11]],
        [[4, 5, 6, 7], [12, 13, 14, 15]],
    ]  # 5 batches: one too many


def test_refusals():
    with pytest.raises(ValueError, match="the training dataset is empty"):
        SeededLoader([], ShuffledBatches(0, 1), list)
    with pytest.raises(ValueError, match="batch_size is 0"):
        ShuffledBatches(3, 0)
    with pytest.raises(ValueError, match="gave nothing in pass 1"):
        list(StreamedBatches(iter([1, 2]), 2, list))  # an iterator is spent after one pass
