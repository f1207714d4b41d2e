"""Places of words on a plane, near where their vectors are near: the map of clusters."""

from __future__ import annotations

import numpy as np

TSNE_FROM = 30  # words; fewer are placed by their two main directions
_MOST = 2000  # words placed by t-SNE; further ones stand at the mean of their three nearest


def place_words(rows: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Coordinates of words, (M, 2) float64 from -1 to 1; words that should be placed best come first.

    From 30 words on by t-SNE begun from the two main directions; with fewer, by these directions alone.

    Args:
        rows: (M, D) of length 1, such as ``WordVectors.rows``.
        seed: of t-SNE.

    Raises:
        ValueError: ``rows`` is no table of finite numbers.

    Source: van der Maaten and Hinton 2008, Visualizing Data using t-SNE

    Example:
        >>> place_words(np.array([[1.0, 0.0], [0.6, 0.8]])).tolist()
        [[-1.0, 0.0], [1.0, 0.0]]
    """
    rows = np.asarray(rows, np.float64)
    if rows.ndim != 2 or not np.isfinite(rows).all():
        raise ValueError(f"rows have the shape {rows.shape}, expected (M, D) finite numbers")
    plane = _main_directions(rows)
    if len(rows) >= TSNE_FROM:
        from sklearn.manifold import TSNE
        from threadpoolctl import threadpool_limits

        first = rows[:_MOST]
        begin = 1e-4 * plane[: len(first)] / max(plane[: len(first), 0].std(), 1e-12)
        options = {"perplexity": min(30.0, (len(first) - 1) / 3), "metric": "cosine", "learning_rate": "auto"}
        with threadpool_limits(1):
            placed = TSNE(init=begin, random_state=seed, **options).fit_transform(first)
        plane[: len(first)] = placed
        for i in range(len(first), len(rows)):
            plane[i] = plane[np.argsort(-(first @ rows[i]), kind="stable")[:3]].mean(axis=0)
    if len(plane):
        plane -= (plane.min(axis=0) + plane.max(axis=0)) / 2
    return np.round(plane / max(np.abs(plane).max(initial=0), 1e-12), 6) + 0.0


def _main_directions(rows: np.ndarray) -> np.ndarray:
    """The two main directions of ``rows``, (M, 2); zeros where there are fewer."""
    plane = np.zeros((len(rows), 2))
    if len(rows) < 2:
        return plane
    centred = rows - rows.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    for number in range(min(2, rows.shape[1])):
        axis = axes[:, -1 - number]
        axis = axis * (1.0 if axis[np.abs(axis).argmax()] > 0 else -1.0)
        plane[:, number] = centred @ axis
    return plane
