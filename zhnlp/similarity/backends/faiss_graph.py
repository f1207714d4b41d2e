"""faiss: a graph of neighbours (HNSW) over vectors of float16."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from zhnlp.text.files import atomic_file


class Graph:
    """A `Backend` on faiss; made by one thread from the same vectors in the same order it is always the same.

    Args:
        width: D.
        connections: edges of a vector; 8 · connections bytes of memory each, beside 2 · D.
        effort_to_add: vectors looked at while one is added; more: better edges, slower.
        effort: vectors looked at in a search, never fewer than it must find.

    Raises:
        ImportError: faiss is missing.

    References:
        Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using HNSW graphs", 2018, arXiv 1603.09320
    """

    def __init__(
        self, width: int, *, connections: int = 16, effort_to_add: int = 80, effort: int = 256
    ) -> None:
        try:
            import faiss
        except ImportError as error:
            raise ImportError('backend="faiss" needs faiss. Next: pip install "zhnlp[search]"') from error
        self._faiss, self.effort = faiss, effort
        self._index = faiss.IndexHNSWSQ(
            width, faiss.ScalarQuantizer.QT_fp16, connections, faiss.METRIC_INNER_PRODUCT
        )
        self._index.hnsw.efConstruction = effort_to_add
        self._index.train(
            np.eye(1, width, dtype=np.float32)
        )  # nothing is learnt of float16, but it must be called

    def add(self, vectors: np.ndarray) -> None:
        """See `Backend.add`."""
        self._index.add(np.ascontiguousarray(vectors, np.float32))

    def candidates(self, queries: np.ndarray, count: int) -> np.ndarray:
        """See `Backend.candidates`."""
        self._index.hnsw.efSearch = max(self.effort, count)
        return self._index.search(np.ascontiguousarray(queries, np.float32), count)[1]

    def save(self, path: Path) -> None:
        """See `Backend.save`."""
        with atomic_file(path) as temporary:
            self._faiss.write_index(self._index, str(temporary))

    def load(self, path: Path) -> None:
        """See `Backend.load`."""
        self._index = self._faiss.read_index(str(path))
