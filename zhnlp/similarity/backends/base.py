"""What an approximate index must offer, and how its candidates become results."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Protocol

import numpy as np

from zhnlp.similarity.exact_search import Nearest
from zhnlp.similarity.vector_store import VectorStore

BACKENDS = ("exact", "faiss", "usearch")


class Backend(Protocol):
    """A graph or a list of cells over the vectors; it only proposes, scores come from the vectors themselves."""

    def add(self, vectors: np.ndarray) -> None:
        """Take (n, D) of float32 and length 1; their places go on from those before."""

    def candidates(self, queries: np.ndarray, count: int) -> np.ndarray:
        """Places (Q, count) of int64 that are probably near; -1 where there are no more."""

    def save(self, path: Path) -> None:
        """Write one file."""

    def load(self, path: Path) -> None:
        """Read what `save` wrote."""


def open_backend(name: str, width: int, **options: int) -> Backend | None:
    """The backend of that name, empty; None for "exact", which needs none.

    Args:
        name: "exact", "faiss" or "usearch".
        width: D.
        **options: ``connections``, ``effort_to_add`` and ``effort`` of the graph: see the backends.

    Raises:
        ValueError: another name.
        ImportError: its package is missing.
    """
    check_backend(name)
    if name == "exact":
        return None
    module = import_module(f"zhnlp.similarity.backends.{name}_graph")
    return module.Graph(width, **options)


def check_backend(name: str) -> None:
    """Refuse a name that `open_backend` does not know."""
    if name not in BACKENDS:
        raise ValueError(f"got backend={name!r}: expected one of {', '.join(map(repr, BACKENDS))}")


def approximate_search(
    backend: Backend, store: VectorStore, queries: np.ndarray, k: int, keep: np.ndarray | None = None
) -> Nearest:
    """The k best of what the backend proposes, scored as `exact_search` scores; a place of -1 where it found too few.

    It is asked for twice as many as wanted and, where vectors must not be found, for more until k are left.
    """
    total, count = len(store), min(2 * k, len(store))
    while True:
        places = backend.candidates(queries.astype(np.float32), count)
        good = places >= 0
        if keep is not None:
            good &= keep[np.maximum(places, 0)]
        if count == total or good.sum(1).min(initial=k) >= k:
            break
        count = min(2 * count, total)
    scores = np.full(places.shape, -np.inf, np.float32)
    for row, chosen in enumerate(good):
        scores[row, chosen] = store.exact(places[row, chosen]) @ queries[row]
    order = np.lexsort((places, -scores), axis=1)[:, :k]
    places = np.where(good, places, -1)
    return Nearest(np.take_along_axis(scores, order, 1), np.take_along_axis(places, order, 1))
