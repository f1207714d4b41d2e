import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.similarity.entry_store import EntryStore

ROWS = st.lists(
    st.tuples(
        st.one_of(st.integers(-5, 5), st.text(max_size=2)),
        st.text(max_size=6),
        st.none() | st.text(max_size=4),
    ),
    min_size=1,
    max_size=12,
)


def filled(rows):
    store = EntryStore()
    for row in rows:
        store.append(*row)
    return store


def meant(rows):
    answers = {}
    return [
        {"id": id, "question": question, "answer": answers.setdefault(id, answer)}
        for id, question, answer in rows
    ]


def saved(store, folder, keep=None):
    paths = folder / "lines", folder / "ends.npy", folder / "firsts.npy"
    store.save(*paths, np.ones(len(store), bool) if keep is None else keep)
    return EntryStore.load(*paths)


@settings(deadline=None, max_examples=40)
@given(ROWS, ROWS)
def test_rows_come_back_from_memory_and_from_disk(tmp_path_factory, rows, more):
    store = filled(rows)
    assert [store[row] for row in range(len(rows))] == meant(rows)
    loaded = saved(store, tmp_path_factory.mktemp("entries"))
    for row in more:
        loaded.append(*row)
    assert [loaded[row] for row in range(len(loaded))] == meant(rows + more)
    assert loaded.firsts_of(np.arange(len(loaded))).tolist() == loaded.firsts.tolist()
    assert loaded.grouped == (len({id for id, *_ in rows + more}) < len(loaded))


def test_a_group_that_went_leaves_the_others_as_they_were(tmp_path):
    rows = [("a", "1", "x"), ("b", "2", "y"), ("a", "3", None), ("b", "4", None), ("c", "5", None)]
    loaded = saved(filled(rows), tmp_path, np.array([False, True, False, True, True]))
    assert [loaded[row] for row in range(3)] == [meant(rows)[row] for row in (1, 3, 4)]
    assert loaded.firsts.tolist() == [0, 0, 2]
    assert (loaded.row_of("b"), loaded.row_of("a")) == (0, None)


def test_truncated_to_what_was_there():
    store = filled([("a", "1", None), ("b", "2", None), ("a", "3", None)])
    store.truncate(1)
    assert (len(store), store.row_of("b"), store.firsts.tolist()) == (1, None, [0])
    store.append("b", "4", "y")
    assert store[1] == {"id": "b", "question": "4", "answer": "y"}


def test_an_id_that_was_forgotten_is_free():
    store = filled([("a", "1", "x")])
    store.forget("a")
    store.append("a", "2", "y")
    assert store[1]["answer"] == "y" and store[0]["answer"] == "x"


def test_files_of_two_saves_are_refused(tmp_path):
    saved(filled([("a", "1", None)]), tmp_path)
    (tmp_path / "lines").write_bytes(b"{}\n")
    with pytest.raises(ValueError, match="files of one save"):
        EntryStore.load(tmp_path / "lines", tmp_path / "ends.npy", tmp_path / "firsts.npy")
