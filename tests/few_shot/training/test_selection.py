"""Choosing by folds inside the labelled texts: no text is judged by weights that saw it, and none from elsewhere is used.

Run: pytest tests/few_shot/training/test_selection.py
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.few_shot.training.selection import choose_by_folds, stratified_folds


@given(
    targets=st.lists(st.integers(0, 3), min_size=2, max_size=30),
    folds=st.integers(2, 5),
    seed=st.integers(0, 9),
)
def test_every_text_is_held_out_once_and_never_trained_on_then(targets, folds, seed):
    parts = stratified_folds(targets, folds, seed=seed)
    assert sorted(np.concatenate([held for _, held in parts]).tolist()) == list(range(len(targets)))
    for train, held in parts:
        assert not set(train) & set(held) and len(train) + len(held) == len(targets)
    rarest = min(targets.count(number) for number in set(targets))
    if rarest >= folds:
        shares = [np.bincount(np.array(targets)[held], minlength=4) for _, held in parts]
        assert (np.ptp(np.stack(shares), axis=0) <= 1).all()


def test_the_best_by_hand():
    targets = [0, 0, 1, 1]
    sure, right = np.log([[0.9, 0.1], [0.1, 0.9]]), np.log([[0.6, 0.4], [0.4, 0.6]])

    def predict(candidate, train, held):
        assert set(train) | set(held) == {0, 1, 2, 3}
        table = {"sure": sure, "right": right, "wrong": sure[::-1]}[candidate]
        return table[np.array(targets)[held]]

    best, tried = choose_by_folds(["wrong", "right", "sure"], predict, targets, folds=2)
    assert best == "sure"  # as accurate as "right", and likelier
    assert [one.accuracy for one in tried] == [0.0, 1.0, 1.0]
    assert [one.log_probability for one in tried] == pytest.approx(np.log([0.1, 0.6, 0.9]))


def test_refusals():
    with pytest.raises(ValueError, match="got 1 labelled text"):
        stratified_folds([0])
    with pytest.raises(ValueError, match="no candidates"):
        choose_by_folds([], lambda *_: np.zeros((1, 2)), [0, 1])
