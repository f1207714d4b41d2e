"""Clusters against classes: the share that is right when each cluster stands for a class of its own, or for any."""

from __future__ import annotations

from typing import Any

import numpy as np


def cluster_accuracy(classes: Any, clusters: Any) -> float:
    """The greatest share of examples that are right when clusters and classes are matched one to one (Hungarian).

    Example:
        >>> cluster_accuracy([0, 0, 1, 1], [1, 1, 0, 2])
        0.75
    """
    from scipy.optimize import linear_sum_assignment

    table = _table(classes, clusters)
    return float(table[linear_sum_assignment(-table)].sum() / table.sum())


def cluster_purity(classes: Any, clusters: Any) -> float:
    """The share that is right when each cluster stands for its most frequent class, as post 5887 counts "accuracy".

    Example:
        >>> cluster_purity([0, 0, 1, 1], [1, 1, 0, 2])
        1.0
    """
    table = _table(classes, clusters)
    return float(table.max(0).sum() / table.sum())


def _table(classes: Any, clusters: Any) -> np.ndarray:
    """Counts (classes, clusters)."""
    classes, clusters = np.asarray(classes), np.asarray(clusters)
    if classes.shape != clusters.shape or not classes.size:
        raise ValueError(
            f"got {classes.shape} classes and {clusters.shape} clusters: expected as many, one or more"
        )
    rows, first = np.unique(classes, return_inverse=True)
    columns, second = np.unique(clusters, return_inverse=True)
    table = np.zeros((len(rows), len(columns)), dtype=np.int64)
    np.add.at(table, (first, second), 1)
    return table
