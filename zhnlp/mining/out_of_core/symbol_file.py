"""The symbols of a corpus on disk: read in ranges of bounded memory, or mapped as the array of a `Symbols`."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from zhnlp.mining.encode import PADDING, Symbols

CHUNK = 1 << 20  # symbols read at a time


def read_chunks(path: Path, begin: int, end: int) -> Iterator[np.ndarray]:
    """Stretches of the padded symbols from ``begin`` to ``end``, in order, in one buffer that is used again.

    Each stretch has `PADDING` more symbols of the file at both ends, so ``begin`` to ``end`` must lie between the
    paddings of the file.
    """
    buffer = np.empty(min(CHUNK, max(end - begin, 0)) + 2 * PADDING, np.uint16)
    with path.open("rb", buffering=0) as file:
        for start in range(begin, end, CHUNK):
            size = min(CHUNK, end - start) + 2 * PADDING
            file.seek(2 * (start - PADDING))
            view = memoryview(buffer[:size]).cast("B")
            filled = 0
            while filled < len(view):
                got = file.readinto(view[filled:])
                if not got:
                    raise ValueError(
                        f"{path} ends after {2 * (start - PADDING) + filled:,} bytes, expected {2 * (end + PADDING):,}: "
                        "it was cut short after it was written; delete the workdir and count again"
                    )
                filled += got
            yield buffer[:size]


def map_array(path: Path, dtype: type) -> tuple[np.ndarray, mmap.mmap | None]:
    """A file as an array whose pages are read when touched; changes stay in memory.

    Where the system refuses so large a private map, the array is read-only.
    """
    if path.stat().st_size == 0:
        return np.zeros(0, dtype), None
    with path.open("rb") as file:
        try:
            pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        except OSError:
            pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return np.frombuffer(pages, dtype), pages


@dataclass(eq=False)
class DiskSymbols(Symbols):
    """`Symbols` whose ``array`` and ``starts`` lie on disk; the system reads pages when they are touched."""

    pages: mmap.mmap | None = field(default=None, repr=False)

    def release(self, begin: int, end: int) -> None:
        """Give back the memory of ``array[begin:end]``; it is read again from disk when touched."""
        if self.pages is None or not hasattr(self.pages, "madvise"):
            return
        first = 2 * begin // mmap.PAGESIZE * mmap.PAGESIZE
        length = min(2 * end, len(self.pages)) - first
        if length > 0:
            self.pages.madvise(mmap.MADV_DONTNEED, first, length)
