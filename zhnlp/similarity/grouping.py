"""The first of each group in rows of results."""

from __future__ import annotations

import numpy as np

from zhnlp.similarity.exact_search import Nearest


def first_of_each(groups: np.ndarray) -> np.ndarray:
    """Where in each row of ``groups`` (Q, n) a group stands for the first time, (Q, n) of bools.

    Example:
        >>> first_of_each(np.array([[7, 7, 2, 7], [1, 2, 2, 1]])).astype(int)
        array([[1, 0, 1, 0],
               [1, 1, 0, 0]])
    """
    order = np.argsort(groups, axis=1, kind="stable")
    ordered = np.take_along_axis(groups, order, 1)
    new = np.ones_like(groups, bool)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    first = np.empty_like(new)
    np.put_along_axis(first, order, new, 1)
    return first


def packed(found: Nearest, wanted: np.ndarray, k: int) -> Nearest:
    """The first k of each row where ``wanted`` (Q, n); places of -1 where there are fewer.

    Example:
        >>> found = Nearest(np.array([[0.9, 0.8, 0.7]], np.float32), np.array([[5, 3, 8]]))
        >>> packed(found, np.array([[True, False, True]]), k=2).places
        array([[5, 8]])
    """
    order = np.argsort(~wanted, axis=1, kind="stable")[:, :k]
    there = np.take_along_axis(wanted, order, 1)
    scores = np.where(there, np.take_along_axis(found.scores, order, 1), np.float32(-np.inf))
    return Nearest(scores, np.where(there, np.take_along_axis(found.places, order, 1), -1))
