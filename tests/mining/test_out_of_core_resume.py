"""Counting out of core that was killed, damaged or given other memory goes on; other jobs' folders are refused."""

import json
import os
import signal
import subprocess
import sys

import out_of_core_cases
import pytest
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

from zhnlp.mining.out_of_core import (
    assembly,
    count_out_of_core,
    driver,
    encoding,
)
from zhnlp.mining.out_of_core.assembly import COLUMNS
from zhnlp.mining.out_of_core.workdir import MANIFEST


@pytest.fixture(autouse=True, scope="module")
def no_waiting_for_the_disk():
    """A killed process loses nothing that it wrote; only a machine that stops does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


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
    code = PREPARE.format(file=out_of_core_cases.__file__) + KILLS[stage]
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
