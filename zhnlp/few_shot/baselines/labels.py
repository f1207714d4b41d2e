"""Labels as scikit-learn hands them over, and seeds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np


def checked_labels(y: Iterable[Any], texts: int) -> tuple[np.ndarray, np.ndarray]:
    """Classes (C,), sorted, and the number of its class for each label, (N,).

    Raises:
        ValueError: there are not as many labels as texts, they are no classes, or there is one class only.

    Example:
        >>> classes, targets = checked_labels(["好", "差", "好"], 3)
        >>> classes.tolist(), targets.tolist()
        (['好', '差'], [0, 1, 0])
    """
    from sklearn.utils.multiclass import check_classification_targets

    labels = np.asarray(list(y))
    if labels.ndim != 1 or len(labels) != texts:
        raise ValueError(
            f"got {texts} texts and labels of shape {labels.shape}: expected one label for each text"
        )
    check_classification_targets(labels)
    classes, targets = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"all {texts} texts have the label {classes[0]!r}: expected 2 classes or more")
    return classes, targets


def plain(classes: np.ndarray) -> list:
    """Classes that json can write and numpy reads back alike.

    Raises:
        TypeError: they are neither texts nor numbers.
    """
    values = classes.tolist()
    if odd := [value for value in values if not isinstance(value, (str, int, float, bool))]:
        raise TypeError(
            f"class {odd[0]!r} ({type(odd[0]).__name__}) cannot be written to a file: expected texts or numbers"
        )
    return values


def seed_of(random_state: Any) -> int:
    """A seed of torch from what scikit-learn calls ``random_state``: an int itself, a draw from None or a RandomState."""
    from sklearn.utils import check_random_state

    if isinstance(random_state, (int, np.integer)):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31))
