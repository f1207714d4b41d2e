"""``zhnlp terms`` as users call it: results, references, exports, refusals, hostile input.

Run: pytest tests/test_cli_domain_terms.py
"""

import csv
import gzip
import inspect
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet
import pytest
from command import refused, zhnlp

from zhnlp import pipeline
from zhnlp.mining.terms import DomainTermMiner

ROOT = Path(__file__).parents[1]
GRID = ROOT / "corpora/power_grid"
FILES = [str(path) for path in sorted(GRID.glob("[0-9]*.txt"))]
FEW = FILES[:6]
GOLD = str(GRID / "terms.txt")
HEAD = ["term", "count", "reference", "documents", "score", "cluster"]
LINE = "检修主变压器。主变压器漏油，更换断路器。断路器跳闸。\n" * 20
GENERAL = "今天天气很好。我们去公园。\n" * 20


def table(stdout):
    rows = [line.split("\t") for line in stdout.splitlines()]
    assert rows[0] == HEAD
    assert all(len(row) == len(HEAD) for row in rows)
    return [dict(zip(HEAD, row)) for row in rows[1:]]


def terms_of(stdout):
    return [row["term"] for row in table(stdout)]


@pytest.fixture
def general(tmp_path):
    path = tmp_path / "general.txt"
    path.write_text(GENERAL, "utf-8")
    return path


# --- results ---------------------------------------------------------------------------------------------------


def test_columns_say_what_the_api_says():
    rows = table(zhnlp("terms", *FILES, "--top", 30).stdout)
    same = pipeline("domain-terms", top=30)(paths=FILES)
    assert [row["term"] for row in rows] == same.terms
    for row, other in zip(rows, same):
        assert int(row["count"]) == other["count"]
        assert int(row["reference"]) == other["reference_count"]
        assert int(row["documents"]) == other["document_count"]
        assert row["score"] == f"{other['score']:.2f}"
        assert row["cluster"] == ("" if other["cluster"] is None else str(other["cluster"]))


def test_defaults_are_those_of_the_api():
    said = " ".join(zhnlp("terms", "--help").stdout.split())
    default = inspect.signature(DomainTermMiner).parameters
    assert f"(default {default['top'].default})" in said
    for option, name in (
        ("--max-length", "max_length"),
        ("--min-count", "min_count"),
        ("--scorer", "scorer"),
    ):
        assert f"[default: {default[name].default}]" in said.split(option)[1].split("--")[0]


def test_every_ending_holds_the_same_terms(tmp_path):
    printed = terms_of(zhnlp("terms", *FEW, "--min-count", 3).stdout)
    assert len(printed) > 50
    for suffix in ("csv", "tsv", "jsonl", "parquet", "txt"):
        zhnlp("terms", *FEW, "--min-count", 3, "--out", tmp_path / f"terms.{suffix}")
    assert (tmp_path / "terms.txt").read_text("utf-8").splitlines() == printed
    listed = [json.loads(line) for line in (tmp_path / "terms.jsonl").read_text("utf-8").splitlines()]
    assert [row["term"] for row in listed] == printed
    assert pyarrow.parquet.read_table(tmp_path / "terms.parquet").to_pylist() == listed
    for suffix, delimiter in (("csv", ","), ("tsv", "\t")):
        with (tmp_path / f"terms.{suffix}").open(encoding="utf-8-sig", newline="") as file:
            assert [row["term"] for row in csv.DictReader(file, delimiter=delimiter)] == printed


def test_what_is_written_serves_the_other_commands(tmp_path):
    out = tmp_path / "terms.csv"
    zhnlp("terms", *FILES, "--out", out, "--quiet")
    assert json.loads(zhnlp("eval", "terms", out, "--gold", GOLD).stdout)["average_precision"] > 0
    assert "变压器" in zhnlp("keywords", "-", "--statistics", out, stdin="主变压器的变压器油，变压器").stdout
    assert "断路器" in zhnlp("segment", "-", "--lexicon", out, stdin="断路器跳闸").stdout.split()


def test_example_of_help_runs(tmp_path):
    out, page = tmp_path / "terms.csv", tmp_path / "terms.html"
    result = zhnlp("terms", *FILES, "--top", 20, "--out", out, "--report", page)
    assert result.stdout == "" and "20 terms →" in result.stderr and "report →" in result.stderr
    assert "配电变压器" in page.read_text("utf-8")
    assert "Example: zhnlp terms " in zhnlp("terms", "--help").stdout


def test_quiet_says_nothing_and_else_what_was_read():
    assert zhnlp("terms", *FEW, "--top", 2, "--quiet").stderr == ""
    said = zhnlp("terms", *FEW, "--top", 2).stderr
    assert "6 files" in said and "reference: general modern Chinese" in said


def test_scorer_and_bounds():
    rows = table(zhnlp("terms", *FILES).stdout)
    least = float(rows[9]["score"])
    assert [float(row["score"]) for row in rows] == sorted((float(r["score"]) for r in rows), reverse=True)
    few = table(zhnlp("terms", *FILES, "--min-score", least).stdout)
    assert 5 <= len(few) <= 15 and few == rows[: len(few)]
    assert {int(row["count"]) >= 9 for row in table(zhnlp("terms", *FILES, "--min-count", 9).stdout)} == {
        True
    }
    by_ratio = terms_of(zhnlp("terms", *FILES, "--scorer", "ratio").stdout)
    assert set(by_ratio) == {row["term"] for row in rows} and by_ratio != [row["term"] for row in rows]
    assert max(map(len, terms_of(zhnlp("terms", *FILES, "--max-length", 2, "--runs", "drop").stdout))) == 2


def test_vectors_seeds_and_known_terms(tmp_path):
    plain = zhnlp("terms", *FILES, "--no-vectors").stdout
    assert zhnlp("terms", *FILES).stdout == plain  # too little text for vectors
    assert {row["cluster"] for row in table(plain)} == {""}
    clustered = zhnlp("terms", *FILES, "--vectors")
    assert {row["cluster"] for row in table(clustered.stdout)} > {"0"}
    assert zhnlp("terms", *FILES, "--vectors", "--seed", 0).stdout == clustered.stdout
    none = zhnlp("terms", *FILES, "--vectors", "--clustering", "none")
    assert {row["cluster"] for row in table(none.stdout)} == {""}
    assert terms_of(none.stdout) == terms_of(clustered.stdout) != terms_of(plain)
    seeds = tmp_path / "seeds.txt"
    seeds.write_text("电流互感器\n短路电流\n", "utf-8")
    assert terms_of(zhnlp("terms", *FILES, "--seeds", seeds, "--clustering", "none").stdout)[:2] != []
    known = terms_of(zhnlp("terms", *FILES, "--known-terms", GOLD).stdout)
    assert set(known) == set(terms_of(plain)) and known != terms_of(plain)


# --- the reference ---------------------------------------------------------------------------------------------


def test_reference_files_patterns_and_counts(tmp_path, general):
    more = tmp_path / "more.jsonl"
    more.write_text('{"title": "x", "body": "主变压器"}\n' * 6, "utf-8")
    counts = tmp_path / "counts.npz"
    options = ("--min-count", 5, "--reference", general, "--reference", more)
    options += ("--reference-text-field", "body", "--save-reference", counts)
    rows = table(zhnlp("terms", "-", *options, stdin=LINE).stdout)
    of_term = {row["term"]: row for row in rows}
    assert (of_term["主变压器"]["count"], of_term["主变压器"]["reference"]) == ("40", "6")
    assert of_term["断路器"]["reference"] == "0"
    assert table(zhnlp("terms", "-", "--reference", counts, stdin=LINE).stdout) == rows
    by_pattern = zhnlp("terms", "-", "-r", tmp_path / "gen*.txt", stdin=LINE)
    assert by_pattern.stdout == zhnlp("terms", "-", "-r", general, stdin=LINE).stdout
    domain = tmp_path / "domain.txt"
    domain.write_text(LINE, "utf-8")
    assert zhnlp("terms", domain, "-r", "-", stdin=GENERAL).stdout == by_pattern.stdout


def test_reference_of_the_same_kind_has_no_terms():
    result = zhnlp("terms", *FEW, *(part for name in FEW for part in ("--reference", name)))
    assert table(result.stdout) == [] and "nothing is a term" in result.stderr


def test_rejected_candidates_keep_the_rule(tmp_path):
    for suffix, delimiter in (("csv", ","), ("tsv", "\t")):
        path = tmp_path / f"rejected.{suffix}"
        printed = terms_of(zhnlp("terms", *FILES, "--rejected", path).stdout)
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, delimiter=delimiter))
        pipe = pipeline("domain-terms")
        pipe(paths=FILES)
        assert {row["term"]: row["rule"] for row in rows} == pipe.miner.rejected
        assert len(rows) > 20 and not {row["term"] for row in rows} & set(printed)


def test_out_of_core_gives_the_same_table(tmp_path):
    many = tmp_path / "big.txt"
    many.write_text("".join(Path(path).read_text("utf-8") for path in FILES) * 700, "utf-8")  # 63 MB
    options = ("--threads", 1, "--min-count", 2000, "--top", 40, "--no-vectors")
    small = zhnlp("terms", many, *options)
    out_of_core = ("--memory", "260MB", "--workdir", tmp_path / "work")
    large = zhnlp("terms", many, *options, *out_of_core)
    assert large.stdout == small.stdout and len(table(small.stdout)) == 40
    assert "plan:" in large.stderr and "plan:" not in small.stderr
    assert "finished table" in zhnlp("terms", many, *options, *out_of_core).stderr


# --- refusals --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nope.txt"], "no such file or folder: 'nope.txt'"),
        ([], "Missing argument"),
        ([*FEW, "--reference", "nope.txt"], "no such file or folder: 'nope.txt'"),
        ([*FEW, "--reference", "nope.npz"], "nope.npz is not there"),
        ([*FEW, "--reference", "a.npz", "--reference", FEW[0]], "expected one .npz file of counts"),
        ([*FEW, "--reference-text-field", "body"], "needs --reference"),
        ([*FEW, "--min-count", 0], "min_count=0"),
        ([*FEW, "--max-length", 1], "max_length=1"),
        ([*FEW, "--max-length", 13], "max_length=13"),
        ([*FEW, "--top", 0], "top=0"),
        ([*FEW, "--min-score", "nan"], "min_score=nan"),
        ([*FEW, "--threads", 0], "threads=0"),
        ([*FEW, "--scorer", "g2"], "expected one of"),
        ([*FEW, "--runs", "x"], "'symbol', 'token', 'drop'"),
        ([*FEW, "--unit", "x"], "'line', 'paragraph', 'file'"),
        ([*FEW, "--duplicates", "x"], "'keep', 'exact', 'near'"),
        ([*FEW, "--encoding", "utf8mb4"], "nearest: utf-8"),
        ([*FEW, "--memory", "huge"], '"2GB"'),
        ([*FEW, "--seeds", "nope.txt"], "nope.txt is not there"),
        ([*FEW, "--seeds", GOLD, "--no-vectors"], "seeds need word vectors"),
        ([*FEW, "--seeds", FEW[0]], "none of the"),
        ([*FEW, "--clustering", "kmeans"], "'louvain'"),
        ([*FEW, "--known-terms", "nope.txt"], "nope.txt is not there"),
        ([*FEW, "--out", "x.xlsx"], "expected one of .csv"),
        ([*FEW, "--format", "ik"], "needs --out"),
        ([*FEW, "--out", f"{FEW[0]}/x.csv"], "is no folder"),
        ([*FEW, "--report", str(GRID)], "is a folder"),
        ([*FEW, "--rejected", "x.jsonl"], "expected .csv or .tsv"),
        ([*FEW, "--rejected", f"{FEW[0]}/x.csv"], "is no folder"),
        ([*FEW, "--save-reference", "x.csv"], "expected .npz"),
        ([*FEW, "--save-reference", str(GRID)], "is a folder"),
        ([*FEW, "--no-such-option"], "No such option"),
    ],
)
def test_what_the_user_can_mend_is_refused(arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert said in refused("terms", *arguments)
    assert list(tmp_path.iterdir()) == []


def test_domain_and_reference_cannot_both_be_the_standard_input():
    assert "both -" in refused("terms", "-", "--reference", "-", stdin=LINE)


def test_refusals_come_before_the_work(tmp_path):
    """A wrong reference or place must not come up after an hour of counting: here there is nothing to read yet."""
    endless = tmp_path / "pipe"
    os.mkfifo(endless)  # reading it would hang
    for wrong in (
        ["--reference", "no.txt"],
        ["--reference", "no.npz"],
        ["--out", "x.xlsx"],
        ["--rejected", "x.txt"],
        ["--save-reference", f"{FEW[0]}/x.npz"],
        ["--report", GRID],
        ["--seeds", "no.txt"],
    ):
        begin = time.perf_counter()
        refused("terms", endless, *wrong)
        assert time.perf_counter() - begin < 5
    begin = time.perf_counter()
    refused("terms", "no.txt", "--reference", endless)
    assert time.perf_counter() - begin < 5


def test_out_keeps_an_old_file_when_refused(tmp_path):
    out = tmp_path / "a/b/terms.txt"
    zhnlp("terms", *FEW, "--out", out)
    before = out.read_text("utf-8")
    refused("terms", *FEW, "--reference", tmp_path / "nothing.txt", "--out", out)
    assert out.read_text("utf-8") == before and [path.name for path in out.parent.iterdir()] == ["terms.txt"]


# --- hostile input ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "我", "abc", "我" * 30, "，。" * 20, "我a" * 20])
def test_poor_texts_are_no_error_and_said(text):
    result = zhnlp("terms", "-", stdin=text)
    assert table(result.stdout) == [] and "zhnlp: warning:" in result.stderr


def test_empty_and_binary_references_are_refused(tmp_path):
    for data in (b"", bytes(100_000), random.Random(7).randbytes(100_000)):
        path = tmp_path / "general.txt"
        path.write_bytes(data)
        assert "the reference corpus has no text" in refused("terms", *FEW, "--reference", path)


def test_damaged_counts_are_refused(tmp_path, general):
    counts = tmp_path / "counts.npz"
    zhnlp("terms", "-", "--reference", general, "--save-reference", counts, stdin=LINE)
    whole = counts.read_bytes()
    for number, data in enumerate((b"", whole[: len(whole) // 2], b"PK\x03\x04" + bytes(99), LINE.encode())):
        broken = tmp_path / f"broken{number}.npz"
        broken.write_bytes(data)
        assert "holds no reference counts" in refused("terms", *FEW, "--reference", broken)


def test_broken_bytes_and_lines_are_repaired_and_said(tmp_path, general):
    path = tmp_path / "broken.txt"
    path.write_bytes(LINE.encode() + b"\xff\xfe\xff" + LINE.encode())
    result = zhnlp("terms", path, "--reference", general)
    assert {"主变压器", "断路器"} <= set(terms_of(result.stdout)) and "lines repaired" in result.stderr
    rows = tmp_path / "bad.jsonl"
    good = json.dumps({"text": LINE.strip()}) + "\n"
    rows.write_text('{"text":\n' + good, "utf-8")
    result = zhnlp("terms", rows, "--reference", general)
    assert "断路器" in terms_of(result.stdout) and "1 x broken JSON" in result.stderr
    assert "bad.jsonl:1" in refused("terms", rows, "--reference", general, "--strict")
    assert "bad.jsonl:1" in refused("terms", general, "--reference", rows, "--strict")
    packed = tmp_path / "cut.txt.gz"
    packed.write_bytes(gzip.compress(LINE.encode() * 100)[:-20])
    assert "damaged or cut file" in zhnlp("terms", packed, "--reference", general).stderr


def test_closing_the_pipe_early_is_quiet():
    command = [sys.executable, "-c", "from zhnlp.cli import main; main()", "terms", *FILES]
    command += ["--min-count", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read().decode()
    assert process.returncode == 141
    assert "Traceback" not in said and "BrokenPipe" not in said
