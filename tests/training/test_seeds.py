"""Seeds: the same again, apart from each other, and none left moved.

Run: pytest tests/training/test_seeds.py
"""

import random

import numpy as np
import pytest
import torch

from zhnlp.training.seeds import derive_seed, own_randomness, seed_everything


def draws():
    return random.random(), float(np.random.rand()), float(torch.rand(()))


def test_all_generators_follow_the_seed():
    seed_everything(3)
    first = draws()
    seed_everything(3)
    assert draws() == first
    seed_everything(4)
    assert all(a != b for a, b in zip(draws(), first))


def test_a_block_of_its_own_leaves_nothing_moved_even_when_it_fails():
    seed_everything(3)
    expected = draws()
    seed_everything(3)
    with own_randomness(9):
        inside = draws()
    with pytest.raises(KeyError), own_randomness():
        draws()
        raise KeyError
    assert draws() == expected
    with own_randomness(9):
        assert draws() == inside


def test_derived_seeds_hang_on_all_parts_and_never_change():
    assert derive_seed(1, "batch", 2) == 2012822548
    assert len({derive_seed(1, "batch", number) for number in range(1000)}) == 1000
    assert derive_seed(1, 2) != derive_seed(12) != derive_seed("12")


def test_a_seed_out_of_range_is_refused():
    with pytest.raises(ValueError, match="seed is -1: expected 0 to 4294967295"):
        seed_everything(-1)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_generators_stand_still():
    seed_everything(3)
    expected = float(torch.rand((), device="cuda"))
    seed_everything(3)
    with own_randomness(9):
        torch.rand(5, device="cuda")
    assert float(torch.rand((), device="cuda")) == expected
