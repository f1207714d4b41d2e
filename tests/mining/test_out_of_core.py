"""Counting out of core: the in-memory table bit for bit, also after a kill; what cannot work is refused."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from zhnlp.mining.count import count_ngrams
from zhnlp.mining.encode import PADDING, SymbolStore
from zhnlp.mining.out_of_core import (
    assembly,
    count_out_of_core,
    driver,
    encoding,
    fits_in_memory,
    parse_memory,
)
from zhnlp.mining.out_of_core.assembly import COLUMNS
from zhnlp.mining.out_of_core.buckets import Costs, cut_buckets
from zhnlp.mining.out_of_core.workdir import MANIFEST
from zhnlp.mining.progress import Progress
from zhnlp.text.corpus import Corpus

MEMORY = "400MB"


@pytest.fixture(autouse=True, scope="module")
def no_waiting_for_the_disk():
    """A killed process loses nothing that it wrote; only a machine that stops does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


def blocks_of(texts, size=1):
    """A factory of blocks with ``size`` texts each."""

    def blocks():
        for at in range(0, len(texts), size):
            text, ends = "", []
            for piece in texts[at : at + size]:
                text += piece
                ends.append(len(text))
                text += "\n"
            yield SimpleNamespace(text=text, ends=np.array(ends))

    return blocks


def in_memory(blocks, runs="symbol", **limits):
    store = SymbolStore(runs)
    for block in blocks():
        store.add(block.text, block.ends)
    symbols = store.freeze()
    return symbols, count_ngrams(symbols, **limits)


def assert_same(expected, found):
    """Symbols and tries agree bit for bit."""
    np.testing.assert_array_equal(found[0].array, expected[0].array)
    np.testing.assert_array_equal(found[0].starts, expected[0].starts)
    assert found[0].alphabet.texts == expected[0].alphabet.texts
    np.testing.assert_array_equal(found[0].alphabet.counts, expected[0].alphabet.counts)
    for column in COLUMNS:
        one, other = getattr(expected[1], column), getattr(found[1], column)
        assert one.dtype == other.dtype
        assert one.tobytes() == other.tobytes(), column


def random_texts(seed=0, size=40_000, characters=300):
    rng = np.random.default_rng(seed)
    points = 0x4E00 + (characters * rng.random(size) ** 3).astype(int)
    text = "".join(map(chr, points))
    cuts = np.sort(rng.integers(0, size, 200))
    texts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, size])]
    return [text.replace("丢", "，").replace("一丁", "AI-5 ") for text in texts]


def room_for(positions, max_length=8, min_count=3, threads=1):
    """Bytes of a bucket that holds so many occurrences."""
    return Costs(max_length, min_count, threads).of(positions, positions)


class Told(Progress):
    """Keeps what it is told."""

    def __init__(self):
        super().__init__(enabled=False)
        self.lines = []

    def say(self, line):
        self.lines.append(line)


def passes_of(told):
    """The passes of the last plan."""
    return int(told.lines[-1].split(" passes over")[0].split()[-1])


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


# after a kill -----------------------------------------------------------------------------------------------


def resumable(workdir, blocks, **options):
    options = {"min_count": 3, "fingerprint": "random-0", "_capacity": room_for(5_000)} | options
    return count_out_of_core(blocks, workdir=workdir, memory=MEMORY, **options)


PREPARE = """
import importlib.util, os, signal
import numpy as np
from zhnlp.mining.out_of_core import assembly, driver, encoding, gather

spec = importlib.util.spec_from_file_location("helper", {file!r})
helper = importlib.util.module_from_spec(spec)
spec.loader.exec_module(helper)
blocks = helper.blocks_of(helper.random_texts(), 7)

os.fsync = lambda handle: None

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def die_at_call(number, function):
    calls = []
    def wrapped(*args, **kwargs):
        calls.append(1)
        if len(calls) == number:
            die()
        return function(*args, **kwargs)
    return wrapped
"""
KILLS = {
    "encoding": """
encoding.CHECKPOINT_SECONDS = 0
encoding.Encoder.add = die_at_call(20, encoding.Encoder.add)
""",
    "encoding before a checkpoint": """
encoding.Encoder.add = die_at_call(20, encoding.Encoder.add)
""",
    "renumbering": """
np.fromfile = die_at_call(1, np.fromfile)
""",
    "gathering": """
gather.gather_bucket.__globals__["read_chunks"] = die_at_call(4, gather.read_chunks)
""",
    "growing": """
calls, grow = [], driver.grow_parts
def grow_parts(*arguments):
    calls.append(1)
    for number, part in enumerate(grow(*arguments)):
        if len(calls) == 4 and number == 2:
            die()
        yield part
driver.grow_parts = grow_parts
""",
    "assembling": """
assembly.place_nodes = die_at_call(9, assembly.place_nodes)
""",
    "finishing": """
driver.Workdir.update = die_at_call(4, driver.Workdir.update)  # new, encoded, cut into buckets, done
""",
}


@pytest.mark.parametrize("stage", KILLS)
def test_a_killed_job_goes_on(tmp_path, monkeypatch, stage):
    code = PREPARE.format(file=str(Path(__file__).resolve())) + KILLS[stage]
    code += f"helper.resumable({str(tmp_path)!r}, blocks)"
    killed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    parts = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("part-*.bin")}

    added, grown = [], []
    monkeypatch.setattr(
        "zhnlp.mining.out_of_core.encoding.Encoder.add", recording(added, encoding.Encoder.add)
    )
    monkeypatch.setattr("zhnlp.mining.out_of_core.driver.write_part", recording(grown, driver.write_part))
    blocks = blocks_of(random_texts(), 7)
    told = Told()
    found = resumable(tmp_path, blocks, progress=told)
    encodings, growths = len(added), len(grown)
    monkeypatch.undo()
    assert_same(in_memory(blocks, min_count=3), found)

    n_blocks = len(list(blocks()))
    skipped = {"encoding": 19, "encoding before a checkpoint": 0}.get(stage, n_blocks)
    assert encodings == n_blocks - skipped
    passes = passes_of(told)
    assert passes > 4
    kept = {"gathering": 3, "growing": 3, "assembling": passes, "finishing": passes}.get(stage, 0)
    assert len(parts) == kept
    assert growths == passes - kept
    assert not list(tmp_path.glob("part-*")) and not list(tmp_path.glob("*.unfinished"))


def recording(calls, function):
    def wrapped(*args, **kwargs):
        calls.append(args)
        return function(*args, **kwargs)

    return wrapped


def interrupted(tmp_path):
    """A workdir with all parts, before the assembly."""

    def stop(*_, **__):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(driver, "assemble_parts", stop)
        with pytest.raises(KeyboardInterrupt):
            resumable(tmp_path, blocks_of(random_texts(), 7))
    return sorted(tmp_path.glob("part-*.bin"))


@pytest.mark.parametrize("damage", ["truncated", "emptied", "a bit flipped", "another part", "index flipped"])
def test_a_damaged_part_is_counted_anew(tmp_path, damage):
    parts = interrupted(tmp_path)
    victim = parts[2]
    data = bytearray(victim.read_bytes())
    if damage == "truncated":
        data = data[:-100]
    elif damage == "emptied":
        data = b""
    elif damage == "a bit flipped":
        data[len(data) // 3] ^= 4
    elif damage == "index flipped":
        data[-40] ^= 1
    else:
        data = parts[3].read_bytes()
    victim.write_bytes(data)
    told = Told()
    blocks = blocks_of(random_texts(), 7)
    assert_same(in_memory(blocks, min_count=3), resumable(tmp_path, blocks, progress=told))
    assert [line for line in told.lines if line.endswith("counted anew")] == [
        f"{victim.name} is damaged: counted anew"
    ]


def test_a_finished_job_is_used_at_once(tmp_path):
    blocks = blocks_of(random_texts(), 7)
    expected = resumable(tmp_path, blocks)

    def no_blocks():
        raise AssertionError("the corpus was read again")

    told = Told()
    found = resumable(tmp_path, no_blocks, progress=told, threads=2)
    assert_same(expected, found)
    assert len(told.lines) == 1 and "is used" in told.lines[0]
    found[1].count[:] = 0  # changes stay in memory
    assert_same(expected, resumable(tmp_path, no_blocks))


@pytest.mark.parametrize("name", ["symbols.bin", "starts.bin", "alphabet.json", "count.npy"])
def test_a_finished_job_that_lost_a_file_is_done_again(tmp_path, name):
    blocks = blocks_of(random_texts(), 7)
    resumable(tmp_path, blocks)
    (tmp_path / name).unlink()
    assert_same(in_memory(blocks, min_count=3), resumable(tmp_path, blocks))


def test_less_memory_than_before_cuts_smaller_buckets(tmp_path):
    parts = interrupted(tmp_path)
    blocks = blocks_of(random_texts(), 7)
    told = Told()
    assert_same(
        in_memory(blocks, min_count=3), resumable(tmp_path, blocks, progress=told, _capacity=room_for(1_000))
    )
    assert passes_of(told) > len(parts)
    assert not list(tmp_path.glob("part-*"))


def test_more_memory_than_before_keeps_the_buckets(tmp_path):
    parts = interrupted(tmp_path)
    blocks = blocks_of(random_texts(), 7)
    told = Told()
    assert_same(
        in_memory(blocks, min_count=3), resumable(tmp_path, blocks, progress=told, threads=2, _capacity=None)
    )
    assert passes_of(told) == len(parts)


def test_a_table_larger_than_memory_leaves_memory_on_the_way(monkeypatch):
    left = []
    leave = assembly._leave_memory
    monkeypatch.setattr(assembly, "_leave_memory", lambda array: (left.append(array), leave(array)))
    assemble = driver.assemble_parts
    monkeypatch.setattr(driver, "assemble_parts", lambda *args, room: assemble(*args, room=1000))
    blocks = blocks_of(random_texts(), 7)
    found = count_out_of_core(
        blocks, memory=MEMORY, min_count=3, threads=2, _capacity=room_for(20_000, threads=2)
    )
    assert_same(in_memory(blocks, min_count=3), found)
    assert len(left) > 100 * len(COLUMNS)


def test_without_fingerprint_nothing_is_used_again(tmp_path):
    resumable(tmp_path, blocks_of(random_texts()), fingerprint=None)
    other = blocks_of(["另一个语料" * 10])
    assert_same(in_memory(other, min_count=3), resumable(tmp_path, other, fingerprint=None))


# refusals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fingerprint": "other"}, "belongs to another corpus"),
        ({"min_count": 4}, r"min_count=3 there, min_count=4 now"),
        ({"max_length": 7}, r"max_length=8 there, max_length=7 now"),
        ({"runs": "drop"}, r"runs='symbol' there, runs='drop' now"),
    ],
)
def test_a_workdir_of_another_job_is_refused(tmp_path, change, message):
    blocks = blocks_of(["电网变压器" * 9])
    before = resumable(tmp_path, blocks)
    with pytest.raises(ValueError, match=message):
        resumable(tmp_path, blocks, **change)
    assert_same(before, resumable(tmp_path, blocks))


def test_a_workdir_of_another_format_is_refused(tmp_path):
    blocks = blocks_of(["电网"])
    resumable(tmp_path, blocks)
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    (tmp_path / MANIFEST).write_text(json.dumps(manifest | {"format": 99}))
    with pytest.raises(ValueError, match="has format 99, this version reads"):
        resumable(tmp_path, blocks)


@pytest.mark.parametrize("fingerprint", ["some", None])
def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path, fingerprint):
    (tmp_path / "thesis.npy").write_text("years of work")
    with pytest.raises(ValueError, match=r"holds other files \(thesis.npy\)"):
        resumable(tmp_path, blocks_of(["电网"]), fingerprint=fingerprint)
    assert (tmp_path / "thesis.npy").read_text() == "years of work"


def test_two_jobs_do_not_share_a_workdir(tmp_path):
    def blocks():
        with pytest.raises(RuntimeError, match=f"in use by process {os.getpid()}"):
            resumable(tmp_path, blocks_of(["电网"]))
        yield from blocks_of(["电网" * 9])()

    found = resumable(tmp_path, blocks)
    (tmp_path / "lock").write_text("999999")  # who wrote this is dead, and holds no lock
    assert_same(found, resumable(tmp_path, blocks))


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
