"""Vectors of an index: appended to in memory, read from disk where they were saved, in four widths of number.

N vectors, D dimensions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch

from zhnlp.nn.int8_vectors import compress
from zhnlp.similarity.exact_search import Part
from zhnlp.text.files import atomic_file

ARRAYS = {  # dtype -> the arrays that are kept
    "float32": {"vectors": np.float32},
    "float16": {"vectors": np.float16},
    "int8": {"codes": np.int8, "scales": np.float32},
    "int8+float32": {"vectors": np.float32, "codes": np.int8, "scales": np.float32},
}
CHUNK = 65_536  # vectors of one array in memory: growing copies none of the earlier ones


class VectorStore:
    """Vectors of length 1 in the order in which they came.

    Args:
        dtype: "float32"; "float16", half the size, cosines off by 0.0005 at most; "int8", a quarter, off by
            0.001 as a rule; "int8+float32", the same results as float32, which are read where the codes leave it open.

    Example:
        >>> store = VectorStore("int8")
        >>> store.append(np.array([[0.6, 0.8]], np.float32))
        >>> len(store), store.exact(np.array([0])).round(2).tolist()
        (1, [[0.6, 0.8]])
    """

    def __init__(self, dtype: str = "float32"):
        if dtype not in ARRAYS:
            raise ValueError(
                f"got dtype={dtype!r}: expected one of {', '.join(map(repr, ARRAYS))}. float16 and int8 take half and a quarter"
            )
        self.dtype = dtype
        self._chunks: list[tuple[Part, int]] = []  # with room, and how much of it is filled
        self.width: int | None = None

    def __len__(self) -> int:
        return sum(filled for _, filled in self._chunks)

    @property
    def nbytes(self) -> int:
        """Bytes that the vectors take, on disk or in memory."""
        return sum(a.nbytes for part in self.parts() for a in part if a is not None)

    def parts(self) -> list[Part]:
        """All vectors, over the same memory, for `exact_search`."""
        return [part.cut(0, filled) for part, filled in self._chunks]

    def exact(self, rows: np.ndarray) -> np.ndarray:
        """(len(rows), D) in float64 of any rows."""
        found = np.empty((len(rows), self.width or 0))
        begin = 0
        for part, filled in self._chunks:
            here = (rows >= begin) & (rows < begin + filled)
            if here.any():
                found[here] = part.exact(rows[here] - begin)
            begin += filled
        return found

    def append(self, vectors: np.ndarray) -> None:
        """Take (n, D) of float32 and length 1.  Raises ValueError where D is another than before."""
        self.width = self.width or vectors.shape[1]
        if vectors.ndim != 2 or vectors.shape[1] != self.width:
            raise ValueError(
                f"got vectors {vectors.shape} for an index of {self.width} dimensions: expected (n, {self.width}). Another encoder "
                "made the index; next: give the same one, or make a new index"
            )
        while len(vectors):
            part, filled = self._with_room(len(vectors))
            some, vectors = np.split(vectors, [part.shape[0] - filled])
            new = dict(zip(Part._fields, (some, None, None)))
            if part.codes is not None:
                small = compress(torch.from_numpy(np.ascontiguousarray(some, np.float32)))
                new |= {"codes": small.codes.numpy(), "scales": small.scales.numpy()}
            for name, array in part._asdict().items():
                if array is not None:
                    array[filled : filled + len(some)] = new[name]
            self._chunks[-1] = (part, filled + len(some))

    def truncate(self, count: int) -> None:
        """Forget all but the first ``count``."""
        kept, begin = [], 0
        for part, filled in self._chunks:
            if begin < count:
                kept.append((part, min(filled, count - begin)))
            begin += filled
        self._chunks = kept

    def _with_room(self, wanted: int) -> tuple[Part, int]:
        """The last chunk, made larger or followed by a new one where it is full."""
        if self._chunks and self._chunks[-1][0].shape[0] > self._chunks[-1][1] and self._own(-1):
            return self._chunks[-1]
        last, filled = self._chunks[-1] if self._chunks and self._own(-1) else (None, CHUNK)
        small = filled < CHUNK
        room = min(CHUNK, max(wanted, 2 * filled if small else wanted, 256))
        kinds = ARRAYS[self.dtype]
        shapes = {"vectors": (room, self.width), "codes": (room, self.width), "scales": (room,)}
        part = Part(*(np.empty(shapes[n], kinds[n]) if n in kinds else None for n in Part._fields))
        if small:
            for new, old in zip(part, last):
                if new is not None:
                    new[:filled] = old[:filled]
            self._chunks[-1] = (part, filled)
        else:
            self._chunks.append((part, 0))
        return self._chunks[-1]

    def _own(self, number: int) -> bool:
        """Whether a chunk lies in memory, and may be written to."""
        return not any(isinstance(array, np.memmap) for array in self._chunks[number][0])

    def save(self, paths: Mapping[str, Path], keep: np.ndarray | None = None) -> None:
        """Write each array to its .npy file, without the rows where ``keep`` (N,) is False; in blocks."""
        count = len(self) if keep is None else int(keep.sum())
        for name, kind in ARRAYS[self.dtype].items():
            shape = (count,) if name == "scales" else (count, self.width or 0)
            with atomic_file(paths[name]) as temporary:
                if count == 0:
                    with temporary.open("wb") as file:
                        np.save(file, np.empty(shape, kind))
                    continue
                target = np.lib.format.open_memmap(temporary, "w+", kind, shape)
                begin = 0
                for block in self._blocks(name, keep):
                    target[begin : begin + len(block)] = block
                    begin += len(block)
                target.flush()
                del target

    def _blocks(self, name: str, keep: np.ndarray | None) -> Iterator[np.ndarray]:
        place = 0
        for part in self.parts():
            array = getattr(part, name)
            for begin in range(0, len(array), CHUNK):
                block = array[begin : begin + CHUNK]
                yield block if keep is None else block[keep[place : place + len(block)]]
                place += len(block)

    @classmethod
    def load(cls, paths: Mapping[str, Path], dtype: str) -> VectorStore:
        """What `save` wrote, memory-mapped: nothing is read before it is searched.

        Raises:
            ValueError: a file does not hold such an array.
        """
        store = cls(dtype)
        arrays = {}
        for name, kind in ARRAYS[dtype].items():
            array = np.load(paths[name], mmap_mode="r", allow_pickle=False)
            if array.dtype != kind or array.ndim != (1 if name == "scales" else 2):
                raise ValueError(
                    f"{paths[name]} holds {array.dtype} {array.shape}: expected {np.dtype(kind)}, as FAQIndex.save writes"
                )
            arrays[name] = array
        if len({len(array) for array in arrays.values()}) > 1:
            raise ValueError(f"{paths} hold different numbers of vectors: expected those of one save")
        part = Part(*(arrays.get(name) for name in Part._fields))
        if part.shape[0]:
            store.width = part.shape[1]
            store._chunks.append((part, part.shape[0]))
        return store
