"""Files of reference counts that are damaged or something else are refused, before compiled code walks them."""

import json
import os
import zipfile

import numpy as np
import pytest

from zhnlp.mining.terms.reference import ReferenceCounts

TEXTS = ["变压器很重。", "变压器很轻。", "5G基站和变压器。", "５Ｇ基站。"]


def columns_of(path):
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return ReferenceCounts.from_corpus(TEXTS, min_count=1).save(
        tmp_path_factory.mktemp("counts") / "general.npz"
    )


def refused(path):
    with pytest.raises(ValueError, match="holds no reference counts") as found:
        ReferenceCounts.load(path)
    assert "expected a file that ReferenceCounts.save wrote" in str(found.value)
    return str(found.value)


def test_a_missing_file_is_named_with_the_next_command(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.npz is not there.*from_corpus\(…\)\.save"):
        ReferenceCounts.load(tmp_path / "nothing.npz")


def test_a_folder_and_other_files_are_refused(tmp_path):
    (tmp_path / "text.npz").write_text("变压器很重", encoding="utf-8")
    (tmp_path / "empty.npz").write_bytes(b"")
    np.save(tmp_path / "array.npy", np.arange(3))
    np.savez(tmp_path / "other.npz", a=np.arange(3))
    with zipfile.ZipFile(tmp_path / "zip.npz", "w") as file:
        file.writestr("facts.npy", "not an array")
    for name in ("text.npz", "empty.npz", "array.npy", "other.npz", "zip.npz", ""):
        refused(tmp_path / name)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_cut_file_is_refused(tmp_path, whole, share):
    data = whole.read_bytes()
    path = tmp_path / "cut.npz"
    path.write_bytes(data[: int(len(data) * share)])
    refused(path)


def test_a_file_with_flipped_bits_is_refused_or_right(tmp_path, whole):
    """Zip checksums cover the columns; a flip elsewhere either does no harm or is noticed."""
    data, path = whole.read_bytes(), tmp_path / "flipped.npz"
    columns, noticed = columns_of(whole), 0
    for at in range(0, len(data), max(1, len(data) // 150)):
        broken = bytearray(data)
        broken[at] ^= 0x10
        path.write_bytes(broken)
        try:
            ReferenceCounts.load(path)
        except ValueError:
            noticed += 1
        else:
            found = columns_of(path)
            assert all(found[name].tobytes() == columns[name].tobytes() for name in columns)
    assert noticed > 50


def test_pickles_are_refused_unread(tmp_path, whole):
    class Harm:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "harm"),)

    for name in ("facts", "symbols", "count"):
        columns = columns_of(whole) | {name: np.array([Harm()], object)}
        np.savez(tmp_path / "evil.npz", **columns)
        refused(tmp_path / "evil.npz")
    np.save(tmp_path / "evil.npy", np.array([Harm()], object))
    refused(tmp_path / "evil.npy")
    assert not (tmp_path / "harm").exists()


def facts(columns, **changes):
    known = json.loads(columns["facts"].tobytes()) | changes
    return {"facts": np.frombuffer(json.dumps(known).encode(), np.uint8)}


def swapped(children):
    """As many children in all, some negative."""
    children[2] += 10**6
    children[3] -= 10**6
    return children


def looped(columns):
    """As many children in all, and all of them behind the last node, which so is its own child."""
    children = np.zeros_like(columns["children"])
    children[-1] = columns["children"].sum()
    return {"children": children}


CHANGES = {
    "another format": lambda c: facts(c, format="zhnlp reference counts 99"),
    "no object": lambda c: {"facts": np.frombuffer(b"[1]", np.uint8)},
    "no min_count": lambda c: facts(c, min_count=None),
    "no max_length": lambda c: facts(c, max_length="8"),
    "negative min_count": lambda c: facts(c, min_count=-3),
    "unknown runs": lambda c: facts(c, runs="other"),
    "a column lacks": lambda c: {"children": None},
    "a short column": lambda c: {"count": c["count"][:-1]},
    "a symbol too large": lambda c: {"symbol": np.full_like(c["symbol"], 60_000)},
    "a negative symbol": lambda c: {"symbol": c["symbol"].astype(np.int64) - 5},
    "children too many": lambda c: {"children": c["children"] + np.array(1).astype(c["children"].dtype)},
    "negative children": lambda c: {"children": swapped(c["children"].astype(np.int64))},
    "real numbers": lambda c: {"count": c["count"] + 0.5},
    "negative counts": lambda c: {"count": c["count"].astype(np.int64) - 10**6},
    "a table": lambda c: {"count": c["count"].reshape(-1, 1)},
    "a loop": looped,
    "no symbols": lambda c: {"symbols": np.frombuffer(b"", np.uint8)},
    "broken symbols": lambda c: {"symbols": np.frombuffer(b"\xff\xfe\xfd", np.uint8)},
}


@pytest.mark.parametrize("change", CHANGES)
def test_columns_that_compiled_code_must_not_walk_are_refused(tmp_path, whole, change):
    columns = columns_of(whole)
    columns |= CHANGES[change](columns)
    path = tmp_path / "changed.npz"
    np.savez(path, **{name: column for name, column in columns.items() if column is not None})
    refused(path)
