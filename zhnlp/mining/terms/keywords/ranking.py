"""The best candidates, without those that only repeat a part of one that was taken."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def choose(keys: Sequence[str], counts: np.ndarray, scores: np.ndarray, top: int) -> list[tuple[int, float]]:
    """The ``top`` best candidates with their scores, best first; ties go to the one that stands first in ``keys``.

    A part of a candidate that was taken is left out unless it also occurs elsewhere.

    Example:
        >>> choose(["支持向量机", "向量机", "渗透率"], np.array([2, 2, 1]), np.array([3.0, 2.0, 1.0]), 2)
        [(0, 3.0), (2, 1.0)]
    """
    chosen: list[tuple[int, float]] = []
    for index in np.argsort(-scores, kind="stable").tolist():
        key, count = keys[index], counts[index]
        if not any(key in keys[taken] and count <= counts[taken] for taken, _ in chosen):
            chosen.append((index, float(scores[index])))
            if len(chosen) == top:
                break
    return chosen
