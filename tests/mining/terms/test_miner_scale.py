"""DomainTermMiner out of core: the table in memory bit for bit, from a folder that survives a kill."""

import lzma
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from zhnlp.mining.terms import DomainTermMiner
from zhnlp.text import Corpus

FOLDER = Path(__file__).parents[3] / "corpora"
GRID = sorted((FOLDER / "power_grid").glob("[0-9]*.txt"))
LINES = [line for path in GRID for line in path.read_text("utf-8").splitlines() if line.strip()]
GENERAL = sorted((FOLDER / "general").glob("[0-9]*.txt"))
MEMORY = "300MB"  # more than these texts need, but nobody knows how large a packed file is


@pytest.fixture(autouse=True, scope="module")
def no_waiting_for_the_disk():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """The domain and the reference as packed files, which are counted on disk under a ceiling."""
    folder = tmp_path_factory.mktemp("packed")
    general = [path.read_text("utf-8") for path in GENERAL]
    for name, texts in (("grid", LINES), ("general", general)):
        (folder / f"{name}.txt.xz").write_bytes(lzma.compress("\n".join(texts).encode()))
    return folder / "grid.txt.xz", folder / "general.txt.xz"


def mine(packed, **options):
    domain, reference = packed
    return DomainTermMiner(reference, **({"min_count": 4, "threads": 1, "progress": False} | options)).fit(
        domain
    )


def without_seconds(table):
    return {k: v for k, v in table.settings.items() if k not in ("seconds", "memory", "threads")}


@pytest.fixture(scope="module")
def in_memory(packed):
    miner = mine(packed)
    return miner, miner.freeze()


def same(found, expected):
    assert list(found) == list(expected)
    assert found.corpus == expected.corpus
    assert without_seconds(found) == without_seconds(expected)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_ceiling_counts_on_disk_and_gives_the_same_table(packed, in_memory, threads):
    miner = mine(packed, memory=MEMORY, threads=threads)
    same(miner.freeze(), in_memory[1])
    assert miner.rejected == in_memory[0].rejected
    assert "count" in miner.seconds and "read" not in miner.seconds
    for name in ("ratio", "c_value"):
        assert miner.ranking(name) == in_memory[0].ranking(name)


def test_a_corpus_on_disk_cannot_grow(packed):
    miner = mine(packed, memory=MEMORY)
    with pytest.raises(RuntimeError, match="counted out of core, which cannot grow"):
        miner.freeze(keep=True)
    with pytest.raises(RuntimeError, match="counting out of core takes one corpus"):
        miner.partial_fit(packed[0])
    assert len(miner.freeze()) > 100


def test_a_stream_is_counted_on_disk(in_memory):
    found = DomainTermMiner(GENERAL, min_count=4, memory=MEMORY, progress=False).fit(iter(LINES)).freeze()
    assert [(row["term"], row["count"], row["document_count"]) for row in found] == [
        (row["term"], row["count"], row["document_count"]) for row in in_memory[1]
    ]
    assert all(row["example"] is None for row in found)


def test_a_finished_job_is_used_at_once(packed, in_memory, tmp_path, monkeypatch):
    options = {"memory": MEMORY, "workdir": tmp_path / "work", "examples": False}
    first = mine(packed, **options).freeze()
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == ["domain", "reference"]

    def read_again(self):
        raise AssertionError("a corpus was read again")

    monkeypatch.setattr(Corpus, "blocks", read_again)
    same(mine(packed, **options).freeze(), first)
    assert [row["term"] for row in first] == in_memory[1].terms


def test_the_folder_of_another_corpus_is_refused(packed, tmp_path):
    options = {"memory": MEMORY, "workdir": tmp_path / "work"}
    mine(packed, **options).freeze()
    with pytest.raises(ValueError, match="belongs to another corpus"):
        mine(packed[::-1], **options)


KILLED = """
import os, signal, sys
os.fsync = lambda handle: None
from pathlib import Path
from zhnlp.mining.out_of_core import assembly, driver, encoding
from zhnlp.mining.terms import DomainTermMiner

def die_in_domain(function):
    def wrapped(*args, **kwargs):
        if "domain" in {{path.name for path in Path({work!r}).iterdir()}}:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **kwargs)
    return wrapped

{patch}
DomainTermMiner(
    Path({reference!r}), min_count=4, threads=1, progress=False, memory={memory!r}, workdir={work!r}, examples=False
).fit(Path({domain!r})).freeze()
"""
PATCHES = {
    "while the domain is encoded": "encoding.Encoder.add = die_in_domain(encoding.Encoder.add)",
    "while the trie is put together": "driver.assemble_parts = die_in_domain(driver.assemble_parts)",
    "after counting": "DomainTermMiner._find_candidates = die_in_domain(DomainTermMiner._find_candidates)",
}


@pytest.mark.parametrize("moment", PATCHES)
def test_a_killed_run_resumes(packed, in_memory, tmp_path, monkeypatch, moment):
    domain, reference = packed
    work = tmp_path / "work"
    code = KILLED.format(
        **{"work": str(work), "reference": str(reference), "domain": str(domain), "memory": MEMORY},
        patch=PATCHES[moment],
    )
    killed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert killed.returncode == -signal.SIGKILL, killed.stderr

    read = []
    blocks = Corpus.blocks
    monkeypatch.setattr(Corpus, "blocks", lambda self: (read.append(self), blocks(self))[1])
    found = mine(packed, memory=MEMORY, workdir=work, examples=False).freeze()
    assert len(read) == (1 if moment == "while the domain is encoded" else 0)  # the reference was done
    expected = mine(packed, examples=False).freeze()
    same(found, expected)
    assert found.terms == in_memory[1].terms
