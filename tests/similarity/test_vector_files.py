"""Files of vectors: growing heads, parquet, nothing at all.

Run: pytest tests/similarity/test_vector_files.py
"""

import numpy as np
import pyarrow.parquet as pq
import pytest

from zhnlp.similarity.vector_files import write_vectors

VECTORS = np.arange(36, dtype=np.float32).reshape(12, 3)
TEXTS = [f"第{number}句" for number in range(12)]


def windows(size):
    return ((TEXTS[begin : begin + size], VECTORS[begin : begin + size]) for begin in range(0, 12, size))


@pytest.mark.parametrize("size", [1, 5, 12])
def test_windows_of_any_size_give_the_same_file(tmp_path, size):
    assert write_vectors(tmp_path / "x.npy", windows(size), 3) == 12
    found = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert isinstance(found, np.memmap) and found.dtype == np.float32 and np.array_equal(found, VECTORS)
    np.save(tmp_path / "whole.npy", VECTORS)
    assert write_vectors(tmp_path / "x.parquet", windows(size), 3) == 12
    table = pq.read_table(tmp_path / "x.parquet")
    assert table["text"].to_pylist() == TEXTS and np.array_equal(
        np.stack(table["vector"].to_numpy()), VECTORS
    )


def test_no_vectors_no_file_and_an_error_leaves_none(tmp_path):
    assert write_vectors(tmp_path / "x.npy", iter([]), 3) == 0

    def broken():
        yield TEXTS[:2], VECTORS[:2]
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        write_vectors(tmp_path / "x.npy", broken(), 3)
    assert not list(tmp_path.iterdir())


def test_an_unknown_ending():
    with pytest.raises(ValueError, match=r"expected \.npy or \.parquet"):
        write_vectors("x.csv", windows(5), 3)
