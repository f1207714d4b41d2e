import numpy as np
import pytest
from clustered_vectors import clustered

from zhnlp.similarity.vector_store import ARRAYS, VectorStore

VECTORS = clustered(700, 8)
KINDS = list(ARRAYS)


def filled(kind, *sizes):
    store, begin = VectorStore(kind), 0
    for size in sizes:
        store.append(VECTORS[begin : begin + size])
        begin += size
    return store


def paths(folder, kind):
    return {name: folder / f"{name}.npy" for name in ARRAYS[kind]}


@pytest.mark.parametrize("kind", KINDS)
def test_parts_and_whole_are_the_same(kind):
    rows = np.array([699, 0, 350, 350])
    exact = filled(kind, 700).exact(rows)
    assert (filled(kind, 1, 300, 299, 100).exact(rows) == exact).all()
    np.testing.assert_allclose(exact, VECTORS[rows], atol=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_saved_ones_are_mapped_and_grow(kind, tmp_path):
    store = filled(kind, 500)
    keep = np.arange(500) % 3 != 0
    store.save(paths(tmp_path, kind), keep)
    loaded = VectorStore.load(paths(tmp_path, kind), kind)
    assert len(loaded) == keep.sum()
    assert all(isinstance(array, np.memmap) for array in loaded.parts()[0] if array is not None)
    loaded.append(VECTORS[500:])
    expected = np.concatenate(
        [store.exact(np.flatnonzero(keep)), filled(kind, 700).exact(np.arange(500, 700))]
    )
    assert (loaded.exact(np.arange(len(loaded))) == expected).all()


def test_many_chunks(monkeypatch):
    monkeypatch.setattr("zhnlp.similarity.vector_store.CHUNK", 64)
    store = filled("float32", 10, 100, 590)
    assert max(part.shape[0] for part in store.parts()) == 64
    assert (store.exact(np.arange(700)) == VECTORS).all()
    store.truncate(70)
    assert len(store) == 70
    store.append(VECTORS[70:200])
    assert (store.exact(np.arange(200)) == VECTORS[:200]).all()


def test_an_empty_one_is_saved(tmp_path):
    VectorStore("int8").save(paths(tmp_path, "int8"))
    assert len(VectorStore.load(paths(tmp_path, "int8"), "int8")) == 0


def test_sizes():
    sizes = {kind: filled(kind, 700).nbytes for kind in KINDS}
    assert sizes == {"float32": 700 * 32, "float16": 700 * 16, "int8": 700 * 12, "int8+float32": 700 * 44}


def test_refusals(tmp_path):
    with pytest.raises(ValueError, match="dtype='float8'"):
        VectorStore("float8")
    with pytest.raises(ValueError, match="index of 8 dimensions"):
        filled("float32", 3).append(np.ones((1, 4), np.float32))
    np.save(tmp_path / "vectors.npy", np.ones(3))
    with pytest.raises(ValueError, match="holds float64"):
        VectorStore.load(paths(tmp_path, "float32"), "float32")
