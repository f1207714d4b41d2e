"""Files of vectors that grow window by window, so that memory does not: ``.npy`` and ``.parquet``.

N texts, D features.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from zhnlp.text.files import atomic_file

ENDINGS = (".npy", ".parquet")


def check_ending(path: str | Path) -> None:
    """Refuse a name whose ending says no format.

    Raises:
        ValueError: it ends in neither.

    Example:
        >>> check_ending("vectors.csv")
        Traceback (most recent call last):
        ...
        ValueError: vectors.csv ends in '.csv': expected .npy or .parquet
    """
    if Path(path).suffix not in ENDINGS:
        raise ValueError(f"{path} ends in {Path(path).suffix!r}: expected {' or '.join(ENDINGS)}")


def write_vectors(path: str | Path, windows: Iterable[tuple[list[str], np.ndarray]], size: int) -> int:
    """Write windows of texts and their vectors (N, D), in order; the number of vectors.

    ``.npy`` has the vectors alone, an array (N, D) of float32 that ``np.load(path, mmap_mode="r")`` opens without reading;
    ``.parquet`` the columns ``text`` and ``vector``.  The file is there whole or not at all; none is written of no vectors.

    Args:
        path: to write; its ending says the format.
        windows: they are read one after the other.
        size: D.

    Raises:
        ValueError: the ending is not known.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     count = write_vectors(f"{folder}/x.npy", [(["电"], np.ones((1, 2))), (["网"], np.zeros((1, 2)))], 2)
        ...     count, np.load(f"{folder}/x.npy").tolist()
        (2, [[1.0, 1.0], [0.0, 0.0]])
    """
    check_ending(path)
    windows = iter(windows)
    first = next(windows, None)
    if first is None:
        return 0
    write = _write_npy if Path(path).suffix == ".npy" else _write_parquet
    with atomic_file(path) as temporary:
        return write(temporary, _again(first, windows), size)


def _again(first: tuple, others: Iterable[tuple]) -> Iterable[tuple]:
    yield first
    yield from others


def _write_npy(path: Path, windows: Iterable[tuple[list[str], np.ndarray]], size: int) -> int:
    count = 0
    with path.open("wb") as file:
        _header(file, count, size)
        begin = file.tell()
        for _, vectors in windows:
            file.write(np.ascontiguousarray(vectors, np.float32).astype("<f4", copy=False).tobytes())
            count += len(vectors)
        file.seek(0)
        _header(file, count, size)  # numpy leaves room in it for any number of rows
        if file.tell() != begin:
            raise RuntimeError(f"the head of the .npy grew from {begin} to {file.tell()} bytes")
    return count


def _header(file: object, count: int, size: int) -> None:
    np.lib.format.write_array_header_1_0(
        file, {"descr": "<f4", "fortran_order": False, "shape": (count, size)}
    )


def _write_parquet(path: Path, windows: Iterable[tuple[list[str], np.ndarray]], size: int) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    count = 0
    kind = pa.list_(pa.float32(), size)
    schema = pa.schema([("text", pa.string()), ("vector", kind)])
    with pq.ParquetWriter(path, schema) as writer:
        for texts, vectors in windows:
            flat = pa.array(np.ascontiguousarray(vectors, np.float32).ravel())
            column = pa.FixedSizeListArray.from_arrays(flat, size)
            writer.write_table(pa.table([pa.array(texts, pa.string()), column], schema=schema))
            count += len(texts)
    return count
