import builtins

import numpy as np
import pytest
from clustered_vectors import clustered

from zhnlp.similarity import FAQIndex
from zhnlp.similarity.backends import open_backend
from zhnlp.similarity.exact_search import exact_search

VECTORS = clustered(4000, 32, clusters=200)


class Rows:
    """Texts are numbers of rows."""

    def encode(self, texts):
        return VECTORS[[int(text) for text in texts]]


@pytest.fixture(params=["faiss", "usearch"])
def backend(request):
    pytest.importorskip(request.param)
    return request.param


def test_nearly_all_of_the_nearest_are_found(backend):
    index = FAQIndex(Rows(), backend)
    index.add([str(number) for number in range(2500)])
    index.add([str(number) for number in range(2500, 4000)])
    queries = clustered(100, 32, seed=5, clusters=200)
    found, right = index.nearest(queries, 10), exact_search(queries, VECTORS, 10)
    hits = [len({*one} & {*other}) for one, other in zip(found.places.tolist(), right.places.tolist())]
    assert np.mean(hits) / 10 >= 0.95
    same = found.places == right.places
    assert (found.scores[same] == right.scores[same]).all()


def test_what_was_removed_is_not_found_and_a_saved_graph_is_read(backend, tmp_path):
    index = FAQIndex(Rows(), backend)
    index.add([str(number) for number in range(500)])
    index.save(tmp_path / "whole")
    loaded = FAQIndex.load(tmp_path / "whole", Rows())
    assert loaded.search(["3", "77"], 5, None) == index.search(["3", "77"], 5, None)
    loaded.add(["600"], ids=["new"])
    assert loaded.search("600", 1, None)[0]["id"] == "new"
    loaded.remove([number for number in range(500) if number != 7])
    assert [hit["id"] for hit in loaded.search("3", 5, None)] in (["new", 7], [7, "new"])
    loaded.save(tmp_path / "whole")
    assert len(FAQIndex.load(tmp_path / "whole", Rows()).search("3", 5, None)) == 2


def test_a_missing_package_is_named(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name.split(".")[0] in ("faiss", "usearch"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    for name in ("faiss", "usearch"):
        with pytest.raises(ImportError, match=f'backend="{name}" needs {name}. Next: pip install'):
            open_backend(name, 4)
