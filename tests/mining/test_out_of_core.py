"""Counting out of core: the in-memory table bit for bit, also after a kill; what cannot work is refused."""

import errno
import os
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from out_of_core_cases import (
    MEMORY,
    Told,
    assert_same,
    blocks_of,
    in_memory,
    passes_of,
    random_texts,
    resumable,
    room_for,
)

from zhnlp.mining.encode import PADDING
from zhnlp.mining.out_of_core import (
    count_out_of_core,
    driver,
    fits_in_memory,
    parse_memory,
)
from zhnlp.mining.out_of_core.buckets import Costs, cut_buckets
from zhnlp.text.corpus import Corpus


@pytest.fixture(autouse=True, scope="module")
def no_waiting_for_the_disk():
    """A killed process loses nothing that it wrote; only a machine that stops does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


# the same table ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("positions", [None, 5_000, 1_000, 200])
def test_equals_the_table_in_memory(positions, threads):
    """From one bucket, to many, to buckets of the second symbol for half of all occurrences."""
    blocks = blocks_of(random_texts(), 7)
    expected = in_memory(blocks, min_count=3)
    capacity = positions and room_for(positions, threads=threads)
    told = Told()
    found = count_out_of_core(
        blocks, memory=MEMORY, min_count=3, threads=threads, progress=told, _capacity=capacity
    )
    assert_same(expected, found)
    assert expected[1].depth.max() > 3
    if positions is None:
        assert passes_of(told) == 1
    else:
        assert passes_of(told) > 40_000 / positions / 6
        assert expected[0].alphabet.counts[2:].max() > positions  # so a first symbol had to be split


@pytest.mark.parametrize("limits", [{"max_length": 1}, {"max_length": 12, "min_count": 1}, {"max_length": 5}])
def test_equals_the_table_in_memory_at_other_limits(limits):
    blocks = blocks_of(random_texts(1, 6_000, 40), 50)
    limits = {"min_count": 2} | limits
    found = count_out_of_core(blocks, memory=MEMORY, _capacity=room_for(700, **limits), **limits)
    assert_same(in_memory(blocks, **limits), found)


letters = st.sampled_from("一二三四，aZ9 \U00020000\U0003134a〇")
some_texts = st.lists(st.text(letters, max_size=40), max_size=8)


@settings(max_examples=40, deadline=None)
@given(
    some_texts,
    st.integers(1, 12),
    st.integers(1, 4),
    st.sampled_from(["symbol", "token", "drop"]),
    st.integers(1, 60),
    st.integers(1, 3),
)
@example(["9", "9〇"], 1, 3, "symbol", 1, 1)  # a rare symbol that would not fit
@example(["一，", "一，", "一，"], 8, 2, "symbol", 1, 1)  # a symbol that is split, and nothing follows it
def test_any_small_text_equals_the_table_in_memory(texts, max_length, min_count, runs, positions, threads):
    blocks = blocks_of(texts, 3)
    expected = in_memory(blocks, runs, max_length=max_length, min_count=min_count)
    found = count_out_of_core(
        blocks,
        memory=MEMORY,
        runs=runs,
        max_length=max_length,
        min_count=min_count,
        threads=threads,
        _capacity=room_for(positions, max_length, min_count, threads),
    )
    assert_same(expected, found)


@pytest.mark.parametrize("texts", [[], ["，。！"], ["一"], ["一" * 1000], list("电网变压器" * 30)])
def test_extreme_texts_equal_the_table_in_memory(texts):
    found = count_out_of_core(blocks_of(texts), memory=MEMORY, min_count=2, _capacity=room_for(20))
    assert_same(in_memory(blocks_of(texts), min_count=2), found)


def test_more_symbols_than_sixteen_bits():
    han = [chr(p) for p in range(0x4E00, 0xA000)] + [chr(p) for p in range(0x20000, 0x2A6DF)]
    han += [chr(p) for p in range(0x2A700, 0x2B738)]
    blocks = blocks_of(["".join(han), "电网" * 20, "".join(han[:30_000])])
    expected = in_memory(blocks, min_count=2)
    assert expected[0].alphabet.dropped > 0
    assert_same(expected, count_out_of_core(blocks, memory=MEMORY, min_count=2, _capacity=room_for(9_000)))


def test_buckets_hold_each_occurrence_once():
    rng = np.random.default_rng(3)
    counts = np.sort((1000 / (1 + rng.random(300) * 300)).astype(np.int64))[::-1]
    counts[0] = counts[1] = 5
    costs = Costs(8, 2, 1)
    followers = {
        2: rng.multinomial(counts[2], np.ones(300) / 300),
        5: np.eye(300, dtype=np.int64)[7] * counts[5],
    }
    buckets = cut_buckets(counts, followers, costs, costs.of(100, 100))
    for bucket in buckets:
        inside = followers[bucket.first][bucket.second : bucket.second_stop] if bucket.is_split else 0
        whole = counts[bucket.first : bucket.stop]
        assert bucket.positions == (np.sum(inside) if bucket.is_split else whole[whole >= 2].sum())
    assert sum(b.positions for b in buckets if b.first == 2) == followers[2][2:].sum()
    ranges = [(b.first, b.stop) for b in buckets if not b.is_split]
    covered = [symbol for first, stop in ranges for symbol in range(first, stop)]
    assert covered == [s for s in range(2, 300) if s not in followers]


# what cannot work ----------------------------------------------------------------------------------------------


def test_memory_too_small_is_refused_before_the_corpus_is_read(tmp_path):
    def no_blocks():
        raise AssertionError("the corpus was read")

    with pytest.raises(ValueError, match="memory got 64 MB, expected at least 210 MB with threads=1"):
        count_out_of_core(no_blocks, workdir=tmp_path, memory="64MB")
    with pytest.raises(ValueError, match=r"at least 369 MB with threads=4: .* or fewer threads"):
        count_out_of_core(no_blocks, workdir=tmp_path, memory="300MB", threads=4)
    assert not list(tmp_path.iterdir())


def test_disk_too_small_is_refused_before_the_corpus_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10**9))
    told = Told()
    with pytest.raises(OSError, match=r"needs about .* GB in .* but only 1.0 GB are free") as refused:
        count_out_of_core(blocks_of([]), workdir=tmp_path, memory="2GB", total_bytes=10**10, progress=told)
    assert refused.value.errno == errno.ENOSPC
    assert "plan: count about 3,333.3 million symbols" in told.lines[0]


def test_a_pair_too_frequent_for_memory_is_refused(monkeypatch):
    monkeypatch.setattr(driver, "bucket_capacity", lambda memory, threads: room_for(50))
    with pytest.raises(ValueError, match="the pair '电网' alone occurs 100 times and needs"):
        count_out_of_core(blocks_of(["电网。" * 100]), memory=MEMORY, min_count=3)


def test_an_alphabet_too_large_for_memory_is_refused(monkeypatch):
    monkeypatch.setattr(driver, "BLOCK_BYTES", parse_memory(MEMORY))
    with pytest.raises(MemoryError, match=r'distinct symbols, .* use runs="drop" or runs="token"'):
        count_out_of_core(blocks_of([" ".join(map(str, range(400_000)))]), memory=MEMORY)


# the plan ---------------------------------------------------------------------------------------------------


def test_the_plan_comes_first(tmp_path):
    told = Told()

    def blocks():
        assert len(told.lines) == 1
        yield from blocks_of(["电网变压器" * 100])()

    resumable(tmp_path, blocks, progress=told, total_bytes=2_000_000_000, _capacity=None)
    first, second = told.lines
    assert first.startswith("plan: count about 666.7 million symbols out of core, below 400 MB of memory")
    for line in (
        "1 encode",
        "passes over 1.3 GB of symbols",
        "3 assemble",
        "disk        at most",
        "warning: about",
    ):
        assert line in first
    assert "plan: count 0.0 million symbols" in second and "(done)" in second and "warning" not in second


def test_a_table_larger_than_memory_is_warned_of(monkeypatch):
    monkeypatch.setattr("zhnlp.mining.out_of_core.plan.LINKED_NODE_BYTES", 10**7)
    with pytest.warns(RuntimeWarning, match="Raise min_count to [0-9]+ or more"):
        count_out_of_core(blocks_of(random_texts(0, 2_000)), memory=MEMORY, min_count=3)


def test_symbols_on_disk_give_their_memory_back(tmp_path):
    blocks = blocks_of(random_texts(2, 400_000), 50)
    symbols, _ = resumable(tmp_path, blocks, fingerprint="2", _capacity=None)
    before = symbols.array.copy()
    symbols.release(0, symbols.array.size)
    symbols.release(symbols.array.size - 5, symbols.array.size)
    np.testing.assert_array_equal(symbols.array, before)


def test_nothing_is_left_behind_without_workdir(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    symbols, trie = count_out_of_core(blocks_of(random_texts(0, 3_000)), memory=MEMORY)
    assert not list(tmp_path.iterdir())
    assert symbols.array[PADDING:].any() and trie.count.any()
    with pytest.raises(ZeroDivisionError):
        count_out_of_core(lambda: iter([1 / 0]), memory=MEMORY)
    assert not list(tmp_path.iterdir())


def test_a_corpus_from_files(tmp_path):
    (tmp_path / "a.txt").write_text("\n".join(random_texts(5, 9_000)), encoding="utf-8")
    corpus = Corpus.from_paths(tmp_path / "a.txt")
    work = tmp_path / "work"
    options = {"fingerprint": corpus.fingerprint(), "total_bytes": corpus.total_bytes(), "min_count": 2}
    found = count_out_of_core(corpus.blocks, workdir=work, memory=MEMORY, **options)
    assert_same(in_memory(corpus.blocks, min_count=2), found)
    assert_same(found, count_out_of_core(corpus.blocks, workdir=work, memory=MEMORY, **options))


# amounts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("memory", "message"),
    [
        ("", "expected a number with a unit"),
        ("lots", "expected a number with a unit"),
        ("2", 'without a unit: write "2GB"'),
        ("2 apples", "expected one of the units"),
        ("-2GB", "expected a number with a unit"),
        ("0GB", "expected more than 0"),
        (0, "expected more than 0"),
    ],
)
def test_amounts_that_cannot_be_read_are_refused(memory, message):
    with pytest.raises(ValueError, match=message):
        parse_memory(memory)


def test_amounts_of_other_types_are_refused():
    for memory in (2.0, None, True):
        with pytest.raises(TypeError, match="expected a str like"):
            parse_memory(memory)


def test_what_fits_in_memory():
    assert fits_in_memory(100_000_000, parse_memory("1GB"))
    assert not fits_in_memory(10_000_000_000, parse_memory("2GB"))
