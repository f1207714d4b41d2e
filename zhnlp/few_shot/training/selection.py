"""Choosing a setting with the labels at hand: stratified folds inside them, never a text more.

Source: the warning of https://kexue.fm/archives/7764 turned round: there the best epoch is chosen on 2,111 more labels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

EPOCHS = (5, 10, 20)  # what epochs="cv" chooses among
FOLDS = 4

T = TypeVar("T")


class Tried(NamedTuple):
    """A candidate with what the folds say of it: accuracy in [0, 1], mean log-probability of the right class in nats."""

    candidate: Any
    accuracy: float
    log_probability: float


def stratified_folds(
    targets: Sequence[int], folds: int = FOLDS, *, seed: int = 0
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Numbers of the texts to train on and of those held out, for each fold; classes have the same share in all.

    There are never more folds than texts of the rarest class; where that has one text, folds are not stratified, and
    every class stays in the training part as far as its texts allow.

    Raises:
        ValueError: fewer than two texts.

    Example:
        >>> [held.tolist() for _, held in stratified_folds([0, 0, 1, 1], folds=2)] in ([[0, 2], [1, 3]], [[1, 3], [0, 2]], [[0, 3], [1, 2]], [[1, 2], [0, 3]])
        True
    """
    from sklearn.model_selection import KFold, StratifiedKFold

    targets = np.asarray(targets)
    if len(targets) < 2:
        raise ValueError(f"got {len(targets)} labelled text: expected two or more to choose with")
    rarest = int(np.unique(targets, return_counts=True)[1].min())
    if rarest < 2:
        cutter = KFold(min(folds, len(targets)), shuffle=True, random_state=seed)
    else:
        cutter = StratifiedKFold(min(folds, rarest), shuffle=True, random_state=seed)
    return list(cutter.split(targets, targets))


def choose_by_folds(
    candidates: Sequence[T],
    predict: Callable[[T, np.ndarray, np.ndarray], np.ndarray],
    targets: Sequence[int],
    *,
    folds: int = FOLDS,
    seed: int = 0,
) -> tuple[T, list[Tried]]:
    """The candidate with the highest accuracy on held-out labels, of equals the one with the likeliest right classes.

    Args:
        predict: candidate, numbers to train on, numbers held out → log-probabilities (N, C) of those held out.
        targets: number of the class of each labelled text.

    Returns:
        The best, and what was found for each candidate in their order.
    """
    if not len(candidates):
        raise ValueError("there are no candidates: expected one or more to choose among")
    targets = np.asarray(targets)
    parts = stratified_folds(targets, folds, seed=seed)
    tried = []
    for candidate in candidates:
        right, likely = np.zeros(len(targets)), np.zeros(len(targets))
        for train, held in parts:
            found = predict(candidate, train, held)
            right[held] = found.argmax(1) == targets[held]
            likely[held] = found[np.arange(len(held)), targets[held]]
        tried.append(Tried(candidate, float(right.mean()), float(likely.mean())))
    best = max(tried, key=lambda one: (one.accuracy, one.log_probability))
    return best.candidate, tried
