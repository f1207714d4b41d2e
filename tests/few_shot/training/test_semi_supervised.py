"""Guessed labels: the surest of each class, more in each round, soft or hard.

Run: pytest tests/few_shot/training/test_semi_supervised.py
"""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.few_shot.training.semi_supervised import guessed_samples, share_of_round, trusted


def test_the_surest_of_each_class_by_hand():
    chances = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.45, 0.55], [0.6, 0.4]])
    assert trusted(chances, 2, np.array([0.5, 0.5])).tolist() == [0, 2]
    assert trusted(chances, 4, np.array([0.5, 0.5])).tolist() == [0, 1, 2, 3]
    assert trusted(chances, 4, np.array([0.25, 0.75])).tolist() == [
        0,
        1,
        2,
        3,
    ]  # one is missing: the next sure one


@given(size=st.integers(1, 30), classes=st.integers(2, 4), count=st.integers(1, 40), seed=st.integers(0, 99))
def test_as_many_as_asked_for_and_within_a_class_the_surest(size, classes, count, seed):
    rng = np.random.default_rng(seed)
    chances = rng.dirichlet(np.ones(classes), size)
    chosen = trusted(chances, count, np.full(classes, 1 / classes))
    assert len(set(chosen)) == len(chosen) and sorted(chosen) == list(chosen)
    assert min(count, size) <= len(chosen) <= min(count, size) + classes
    left = np.setdiff1d(np.arange(size), chosen)
    guess = chances.argmax(1)
    for number in range(classes):
        kept, lost = chosen[guess[chosen] == number], left[guess[left] == number]
        if len(kept) and len(lost):
            assert chances[kept].max(1).min() >= chances[lost].max(1).max()


def test_soft_labels_are_the_probabilities_and_hard_ones_the_likeliest():
    chances, examples = np.array([[0.75, 0.25], [0.4, 0.6]]), [{"text": "电"}, {"text": "网"}]
    options = {"share": 1.0, "class_shares": np.array([0.5, 0.5])}
    soft = guessed_samples(examples, chances, soft=True, **options)
    hard = guessed_samples(examples, chances, soft=False, **options)
    assert [sample.shares for sample in soft] == [(0.75, 0.25), (0.4, 0.6)]
    assert [sample.shares for sample in hard] == [(1.0, 0.0), (0.0, 1.0)]
    assert [sample.example for sample in soft] == examples


def test_each_round_trusts_twice_as_many_and_the_last_all():
    shares = [share_of_round(number, 4) for number in range(1, 5)]
    assert shares[-1] == 1 and all(later == pytest.approx(2 * sooner) for sooner, later in pairwise(shares))
