"""usearch: a graph of neighbours (HNSW) over vectors of float16, read from its file without loading it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from zhnlp.text.files import atomic_file


class Graph:
    """A `Backend` on usearch.

    Args:
        width: D.
        connections: edges of a vector.
        effort_to_add: vectors looked at while one is added; more: better edges, slower.
        effort: vectors looked at in a search, never fewer than it must find.

    Raises:
        ImportError: usearch is missing.

    References:
        Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using HNSW graphs", 2018, arXiv 1603.09320
    """

    def __init__(
        self, width: int, *, connections: int = 16, effort_to_add: int = 128, effort: int = 128
    ) -> None:
        try:
            from usearch.index import Index
        except ImportError as error:
            raise ImportError('backend="usearch" needs usearch. Next: pip install "zhnlp[search]"') from error
        self.effort = effort
        self._index = Index(
            ndim=width,
            metric="ip",
            dtype="f16",
            connectivity=connections,
            expansion_add=effort_to_add,
            expansion_search=effort,
        )
        self._viewed = False

    def add(self, vectors: np.ndarray) -> None:
        """See `Backend.add`."""
        if self._viewed:  # a file that is viewed cannot grow
            self._index.load(str(self._path))
            self._viewed = False
        begin = len(self._index)
        self._index.add(np.arange(begin, begin + len(vectors)), np.ascontiguousarray(vectors, np.float32))

    def candidates(self, queries: np.ndarray, count: int) -> np.ndarray:
        """See `Backend.candidates`."""
        self._index.expansion_search = max(self.effort, count)
        found = self._index.search(np.ascontiguousarray(queries, np.float32), count)
        places = np.full((len(queries), count), -1, np.int64)
        keys = np.asarray(found.keys).reshape(len(queries), -1)
        filled = np.asarray(getattr(found, "counts", [keys.shape[1]])).reshape(-1, 1)
        there = np.arange(keys.shape[1]) < filled
        places[:, : keys.shape[1]] = np.where(there, keys.astype(np.int64), -1)
        return places

    def save(self, path: Path) -> None:
        """See `Backend.save`."""
        with atomic_file(path) as temporary:
            self._index.save(str(temporary))

    def load(self, path: Path) -> None:
        """See `Backend.load`."""
        self._index.view(str(path))
        self._path, self._viewed = path, True
