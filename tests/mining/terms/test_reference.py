"""Reference counts: counted, kept in a file without pickle, read back; damaged and foreign files are refused."""

import json
import os
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.mining.count import count_ngrams
from zhnlp.mining.encode import encode_texts
from zhnlp.mining.terms.reference import MIN_COUNT, NgramCounts, ReferenceCounts
from zhnlp.text import Corpus

TEXTS = ["变压器很重。", "变压器很轻。", "5G基站和变压器。", "５Ｇ基站。"]
letters = st.sampled_from("一二三，aZ9 -\U00020000〇")
corpora = st.lists(st.text(letters, max_size=30), max_size=6)


def counts_of(texts, **options):
    return ReferenceCounts.from_corpus(texts, **({"min_count": 1} | options))


def columns_of(path):
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


# counting ---------------------------------------------------------------------------------------------------


def test_counts_by_hand():
    general = counts_of(TEXTS)
    asked = ["变压器", "很重", "5G基站", "５Ｇ基站", "绕组", "G基站", "基站和变", "", "，"]
    assert general.count(asked).tolist() == [3, 1, 2, 2, 0, 0, 1, 0, 0]
    assert general.count([]).tolist() == []
    assert general.total == 5 + 5 + 7 + 3
    assert general.report["documents"] == 4


def test_rarer_and_longer_n_grams_count_as_absent():
    asked = ["变压器", "很重", "基站", "5G基站"]
    assert counts_of(TEXTS, min_count=2).count(asked).tolist() == [3, 0, 2, 2]
    assert ReferenceCounts.from_corpus(["电网。" * MIN_COUNT, "电站。" * (MIN_COUNT - 1)]).count(
        ["电网", "电站"]
    ).tolist() == [MIN_COUNT, 0]
    assert counts_of(TEXTS, max_length=2).count(asked).tolist() == [0, 1, 2, 0]
    assert counts_of(TEXTS, runs="drop").count(asked).tolist() == [3, 1, 2, 2]


@settings(max_examples=60, deadline=None)
@given(corpora, corpora, st.integers(1, 3))
def test_counts_of_texts_and_of_nodes_agree(domain, texts, min_count):
    texts = [*texts, "一二"]
    general = counts_of(texts, min_count=min_count, threads=1)
    trie = count_ngrams(encode_texts(domain), min_count=1)
    nodes = np.arange(2, len(trie))
    words = trie.words(nodes)
    alone = [i for i, word in enumerate(words) if encode_texts([word]).total == trie.depth[nodes[i]]]
    by_node = general.count_nodes(trie)[nodes[alone]]
    assert by_node.tolist() == general.count([words[i] for i in alone]).tolist()


def test_a_corpus_of_files_and_out_of_core(tmp_path):
    path = tmp_path / "general.txt"
    path.write_text("\n".join(TEXTS), encoding="utf-8")
    asked = ["变压器", "很重", "5G基站"]
    for corpus in (path, Corpus.from_paths(path), iter(TEXTS)):
        assert counts_of(corpus).count(asked).tolist() == [3, 1, 2]
    kept = counts_of(path, memory="300MB", workdir=tmp_path / "work")
    assert kept.count(asked).tolist() == [3, 1, 2]


@pytest.mark.filterwarnings("ignore:.*gave no document")
@pytest.mark.parametrize("corpus", [[], [""], ["，。", " "], iter([])])
def test_an_empty_corpus_is_refused(corpus):
    with pytest.raises(ValueError, match=r"the reference corpus has no text .* Next: check its path"):
        ReferenceCounts.from_corpus(corpus)


@pytest.mark.parametrize("limits", [{"min_count": 0}, {"max_length": 0}, {"max_length": 13}, {"threads": 0}])
def test_impossible_limits_are_refused(limits):
    with pytest.raises(ValueError, match="is not possible: expected"):
        ReferenceCounts.from_corpus(TEXTS, **limits)


# files ------------------------------------------------------------------------------------------------------


def same(a, b):
    for column in ("symbol", "count", "first_child", "children"):
        one, other = (getattr(NgramCounts.of(c.ngrams), column) for c in (a, b))
        np.testing.assert_array_equal(one, other)
    assert a.ngrams.alphabet.texts == b.ngrams.alphabet.texts
    np.testing.assert_array_equal(a.ngrams.alphabet.counts, b.ngrams.alphabet.counts)
    assert (a.source, a.report, a.total) == (b.source, b.report, b.total)
    assert a.ngrams.min_count == b.ngrams.min_count
    assert a.ngrams.alphabet.runs == b.ngrams.alphabet.runs
    assert a.ngrams.alphabet.dropped == b.ngrams.alphabet.dropped


@settings(max_examples=40, deadline=None)
@given(
    corpora,
    st.integers(1, 3),
    st.sampled_from(["symbol", "token", "drop"]),
    st.integers(1, 6),
)
def test_what_is_saved_is_read_back(tmp_path_factory, texts, min_count, runs, max_length):
    texts = [*texts, "一二三一二"]
    general = counts_of(texts, min_count=min_count, runs=runs, max_length=max_length, threads=1)
    path = tmp_path_factory.mktemp("counts") / "general.npz"
    assert general.save(path) == path
    again = ReferenceCounts.load(path)
    same(general, again)
    asked = ["一", "一二", "二三一", "aZ9", "一二三一二", "四", "〇"]
    assert again.count(asked).tolist() == general.count(asked).tolist()
    trie = count_ngrams(encode_texts([*texts, "四一二"], runs), min_count=1)
    np.testing.assert_array_equal(again.count_nodes(trie), general.count_nodes(trie))


def test_a_file_is_saved_twice_and_again_from_what_was_read(tmp_path):
    general = counts_of(TEXTS)
    general.save(tmp_path / "a.npz")
    ReferenceCounts.load(str(tmp_path / "a.npz")).save(tmp_path / "b" / "c.npz")
    same(general, ReferenceCounts.load(tmp_path / "b" / "c.npz"))
    one, other = columns_of(tmp_path / "a.npz"), columns_of(tmp_path / "b" / "c.npz")
    assert one.keys() == other.keys()
    assert all(one[name].tobytes() == other[name].tobytes() for name in one)


def test_the_same_corpus_gives_the_same_bytes_whatever_the_order_and_threads(tmp_path):
    texts = [text * 50 for text in TEXTS]
    counts_of(texts, threads=1).save(tmp_path / "a.npz")
    counts_of(texts[::-1], threads=3).save(tmp_path / "b.npz")
    one, other = columns_of(tmp_path / "a.npz"), columns_of(tmp_path / "b.npz")
    assert all(one[name].tobytes() == other[name].tobytes() for name in one)


def test_nothing_unfinished_is_left_where_saving_fails(tmp_path, monkeypatch):
    general = counts_of(TEXTS)
    path = general.save(tmp_path / "general.npz")
    before = path.read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="No space"):
        general.save(path)
    assert list(tmp_path.iterdir()) == [path] and path.read_bytes() == before


# files that are refused -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return counts_of(TEXTS).save(tmp_path_factory.mktemp("counts") / "general.npz")


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
    general, noticed = ReferenceCounts.load(whole), 0
    for at in range(0, len(data), max(1, len(data) // 150)):
        broken = bytearray(data)
        broken[at] ^= 0x10
        path.write_bytes(broken)
        try:
            same(general, ReferenceCounts.load(path))
        except ValueError:
            noticed += 1
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


# what ships -------------------------------------------------------------------------------------------------


def test_the_counts_that_ship_are_general_chinese():
    general = ReferenceCounts.builtin()
    assert general is ReferenceCounts.builtin()
    assert general.total > 1_000_000 and general.source
    count = dict(zip(words := ["的", "中国", "可以", "变压器", "命名空间"], general.count(words).tolist()))
    assert count["的"] > count["中国"] > count["变压器"] >= 0
    assert count["可以"] > 100 * max(count["命名空间"], 1)
