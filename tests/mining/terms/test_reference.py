"""Reference counts: counted, kept in a file without pickle, read back; damaged and foreign files are refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.mining.count import count_ngrams
from zhnlp.mining.encode import encode_texts
from zhnlp.mining.lookup import find_texts
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
    assert general.ngrams.max_length == trie.max_length
    assert by_node.tolist() == general.count([words[i] for i in alone]).tolist()


@settings(max_examples=60, deadline=None)
@given(corpora, st.integers(1, 5))
def test_longer_n_grams_than_were_counted_have_the_count_of_their_rarest_part(texts, max_length):
    texts = [*texts, "一二三一二三"]
    general = counts_of(texts, max_length=max_length, threads=1)
    trie = count_ngrams(encode_texts(texts), max_length=7, min_count=1)
    counts = general.count_nodes(trie)
    nodes = np.arange(2, len(trie))
    shorter = nodes[trie.depth[nodes] <= max_length]
    assert counts[shorter].tolist() == trie.count[shorter].tolist()
    part = dict(zip(map(tuple, trie.paths(shorter).tolist()), trie.count[shorter].tolist()))
    for node in nodes[trie.depth[nodes] > max_length]:
        row, length = trie.paths(np.array([node]))[0].tolist(), int(trie.depth[node])
        parts = [row[i : i + max_length] for i in range(length - max_length + 1)]
        assert counts[node] == min(part[(*p, *[0] * (7 - max_length))] for p in parts)
        assert counts[node] >= trie.count[node]


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
    assert a.ngrams.max_length == b.ngrams.max_length
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


# what ships -------------------------------------------------------------------------------------------------


def test_the_counts_that_ship_are_general_chinese():
    general = ReferenceCounts.builtin()
    assert general is ReferenceCounts.builtin()
    assert general.total > 1_000_000 and general.source
    count = dict(zip(words := ["的", "中国", "可以", "变压器", "命名空间"], general.count(words).tolist()))
    assert count["的"] > count["中国"] > count["变压器"] >= 0
    assert count["可以"] > 100 * max(count["命名空间"], 1)
    assert general.ngrams.max_length == 6
    trie = count_ngrams(encode_texts(["中华人民共和国变压器绕组"]), min_count=1)
    nodes = find_texts(trie, ["中华人民共和国", "华人民共和国变", "国变压器绕组"])
    assert general.count_nodes(trie)[nodes].tolist() == [
        min(general.count(["中华人民共和", "华人民共和国"])),
        0,
        0,
    ]
