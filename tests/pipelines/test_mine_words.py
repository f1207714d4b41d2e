"""The batch script: run, resume, changes, failures, wrong configurations, signals.

Run: pytest tests/pipelines
"""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet
import pytest

from zhnlp import WordDiscoverer

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "pipelines/mine_words.py"
FILES = sorted((ROOT / "corpora/power_grid").glob("0*.txt"))
OUTPUTS = {
    "words.csv",
    "words.parquet",
    "words.dict",
    "report.html",
    "entropy.json",
    "log.jsonl",
    "done.json",
}


def mine(*arguments, code=0, cwd=None):
    """Run the script; (rows of its summary, what it said)."""
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, timeout=200, cwd=cwd, encoding="utf-8")
    assert result.returncode == code, result.stderr
    if code != 2:
        assert "Traceback" not in result.stderr
        head, *lines = result.stdout.splitlines()
        assert head.split()[:2] == ["corpus", "status"]
        return dict(line.split()[:2] for line in lines), result.stderr
    assert result.stdout == ""
    return None, result.stderr


def config(folder, text):
    path = folder / "jobs.toml"
    path.write_text(text, "utf-8")
    return path


def events(folder, kind):
    lines = (folder / "log.jsonl").read_text("utf-8").splitlines()
    return [event for event in map(json.loads, lines) if event["event"] == kind]


@pytest.fixture
def two(tmp_path):
    """Two small corpora and a configuration."""
    for name, files in (("grid", FILES[:3]), ("lines", FILES[3:6])):
        (tmp_path / name).mkdir()
        for path in files:
            (tmp_path / name / path.name).write_bytes(path.read_bytes())
    return config(
        tmp_path,
        """
        out = "mined"
        [defaults]
        min_count = 4
        reference = "none"
        [corpora.grid]
        files = ["grid/*.txt"]
        [corpora.lines]
        files = "lines"
        min_count = 3
        top = 25
        """,
    )


def test_run_resume_change_force(two, tmp_path):
    out = tmp_path / "mined"
    statuses, said = mine(two, cwd="/")
    assert statuses == {"grid": "mined", "lines": "mined"}
    assert said[:2] == "20" and " INFO grid: corpus 1 of 2" in said  # time stamps
    for name in statuses:
        assert {path.name for path in (out / name).iterdir()} == OUTPUTS

    table = WordDiscoverer(min_count=4, reference=None, progress=False).fit(FILES[:3]).freeze()
    assert pyarrow.parquet.read_table(out / "grid/words.parquet")["word"].to_pylist() == table.words
    assert pyarrow.parquet.read_table(out / "lines/words.parquet").num_rows == 25
    with (out / "summary.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["corpus"]: row for row in csv.DictReader(file)}
    assert int(rows["grid"]["words"]) == len(table) and int(rows["lines"]["words"]) == 25
    entropy = json.loads((out / "grid/entropy.json").read_text("utf-8"))
    assert entropy["words"]["bits_per_character"] < entropy["characters"]["bits_per_character"]
    assert {event["name"] for event in events(out / "grid", "stage")} >= {"read", "count", "rank"}
    assert events(out / "grid", "settings")[0]["min_count"] == 4
    assert events(out / "grid", "corpus")[0]["files"] == 3
    assert events(out / "grid", "begin")[0]["versions"]["numpy"]

    before = {path: path.stat().st_mtime_ns for path in out.glob("*/*")}
    statuses, said = mine(two)
    assert statuses == {"grid": "skipped", "lines": "skipped"}
    assert "nothing changed since" in said
    assert before == {path: path.stat().st_mtime_ns for path in out.glob("*/*")}

    assert mine(two, "--threads", 1)[0] == {"grid": "skipped", "lines": "skipped"}  # changes no table
    two.write_text(two.read_text("utf-8").replace("top = 25", "top = 26"), "utf-8")
    assert mine(two)[0] == {"grid": "skipped", "lines": "mined"}
    with (tmp_path / "grid" / FILES[0].name).open("a", encoding="utf-8") as file:
        file.write("变压器\n" * 9)
    assert mine(two)[0] == {"grid": "mined", "lines": "skipped"}
    (tmp_path / "lines/new.txt").write_text("断路器\n", "utf-8")
    assert mine(two)[0] == {"grid": "skipped", "lines": "mined"}
    (out / "grid/words.csv").unlink()
    assert mine(two)[0] == {"grid": "mined", "lines": "skipped"}
    (out / "lines/done.json").write_text("{", "utf-8")
    assert mine(two)[0] == {"grid": "skipped", "lines": "mined"}
    assert mine(two, "--force")[0] == {"grid": "mined", "lines": "mined"}


def test_changed_reference_file_is_noticed(tmp_path):
    known = tmp_path / "known.txt"
    known.write_text("变压器\n", "utf-8")
    flags = ("--corpus", f"grid={FILES[2]}", "--reference", known, "--out", tmp_path / "out")
    assert mine(*flags)[0] == {"grid": "mined"}
    assert mine(*flags)[0] == {"grid": "skipped"}
    known.write_text("变压器\n铁心\n", "utf-8")
    assert mine(*flags)[0] == {"grid": "mined"}


def test_flags_alone_and_over_a_configuration(two, tmp_path):
    files = ",".join(map(str, FILES[:3]))
    out = tmp_path / "other"
    flags = ("--reference", "none", "--min-count", 4)
    assert mine("--corpus", f"a={files}", "--corpus", f"b={FILES[4]}", *flags, "--out", out)[0] == {
        "a": "mined",
        "b": "mined",
    }
    mine(two)
    assert (out / "a/words.dict").read_bytes() == (tmp_path / "mined/grid/words.dict").read_bytes()
    statuses, _ = mine(two, "--top", 5, "--corpus", f"c={FILES[5]}")
    assert statuses == {"grid": "mined", "lines": "mined", "c": "mined"}
    for name in statuses:
        assert len((tmp_path / "mined" / name / "words.dict").read_text("utf-8").splitlines()) == 5


def test_one_failing_corpus_does_not_stop_the_others(two, tmp_path):
    two.write_text(
        two.read_text("utf-8").replace("[corpora.grid]", '[corpora.gone]\nfiles = "gon"\n[corpora.grid]'),
        "utf-8",
    )
    statuses, said = mine(two, code=1)
    assert statuses == {"gone": "failed", "grid": "mined", "lines": "mined"}
    assert "ERROR gone: failed: no such file or folder" in said
    (failure,) = events(tmp_path / "mined/gone", "failed")
    assert "no such file" in failure["message"] and "FileNotFoundError" in failure["traceback"]
    (tmp_path / "gon").mkdir()
    (tmp_path / "gon/text.txt").write_text("变压器\n" * 9, "utf-8")
    assert mine(two)[0] == {"gone": "mined", "grid": "skipped", "lines": "skipped"}


def test_a_failure_takes_the_seal_off_an_old_result(two, tmp_path):
    """What lies there after a failure must not pass for the result of the new options."""
    mine(two)
    broken = tmp_path / "grid/broken.txt"
    broken.write_bytes(b"\xff\xff\xfe ab\n" + "变压器\n".encode() * 99)
    assert mine(two, "--strict", code=1)[0]["grid"] == "failed"
    assert not (tmp_path / "mined/grid/done.json").exists()


def test_empty_corpus_is_told(tmp_path):
    (tmp_path / "empty.txt").write_text("", "utf-8")
    statuses, said = mine("--corpus", "empty=empty.txt", "--out", "out", cwd=tmp_path)
    assert statuses == {"empty": "mined"}
    assert "WARNING empty: " in said and "no word was found" in said and "divide" not in said
    assert "no word was found" in (tmp_path / "out/summary.csv").read_text("utf-8-sig")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x =", "cannot be read"),
        ("[corpora.a]\nfiles = 3", "expected names or patterns"),
        ("[corpora.a]\nfiles = []", "expected names or patterns"),
        ("[corpora]\na = 1", "expected a table"),
        ('[corpora.a]\nfile = "x"', "has files = None"),
        ('[corpora.a]\nfiles = "x"\nmin_cuont = 3', "expected one of min_count"),
        ('[corpora.a]\nfiles = "x"\nmin_count = "3"', "expected int"),
        ('[corpora.a]\nfiles = "x"\nmin_count = true', "expected int"),
        ('[corpora.a]\nfiles = "x"\nmin_count = 0', "corpus 'a': min_count=0"),
        ('[corpora.a]\nfiles = "x"\nmethod = "best"', "method='best'"),
        ('[corpora.a]\nfiles = "x"\nunit = "word"', "'line', 'paragraph', 'file'"),
        ('[corpora.a]\nfiles = "x"\nmemory = "much"', "much"),
        ('[corpora.a]\nfiles = "x"\nreference = "none.dict"', "none.dict is not there"),
        ('[corpora."a/b"]\nfiles = "x"', "no folder name"),
        ('[corpora.".."]\nfiles = "x"', "no folder name"),
        ('[corpora.a]\nfiles = "-"', "standard input"),
        ("[default]\nmin_count = 3", "expected one of defaults"),
        ("out = 3", "expected the name of a folder"),
        ("", "no corpus was named"),
    ],
)
def test_wrong_configurations_are_refused_before_any_work(tmp_path, text, said):
    path = config(tmp_path, text)
    _, error = mine(path, "--out", tmp_path / "out", code=2)
    assert said in error and "Traceback" not in error
    assert not (tmp_path / "out").exists()


def test_wrong_flags(tmp_path):
    assert "expected name=pattern" in mine("--corpus", "a", code=2)[1]
    assert "given twice" in mine("--corpus", "a=x", "--corpus", "a=y", code=2)[1]
    assert "No such file" in mine(tmp_path / "no.toml", code=2)[1]
    (tmp_path / "file").write_text("", "utf-8")
    assert "cannot be the folder" in mine("--corpus", "a=x", "--out", tmp_path / "file", code=2)[1]


def test_json_configuration(two, tmp_path):
    path = tmp_path / "jobs.json"
    path.write_text(json.dumps({"corpora": {"grid": {"files": "grid"}}}), "utf-8")
    assert mine(path, "--out", tmp_path / "out")[0] == {"grid": "mined"}


def test_example_configuration(tmp_path):
    statuses, _ = mine(ROOT / "pipelines/mine_words.example.toml", "--out", tmp_path)
    assert statuses == {"power_grid": "mined", "general": "mined"}
    top = (tmp_path / "power_grid/words.dict").read_text("utf-8").split("\n")[:10]
    assert "绝缘" in {line.split(" ")[0] for line in top}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_cleanly(tmp_path, number):
    pipe = tmp_path / "pipe.txt"
    os.mkfifo(pipe)  # a corpus that never ends
    command = [sys.executable, str(SCRIPT), "--corpus", f"a={pipe}", "--corpus", f"b={FILES[0]}"]
    with (
        subprocess.Popen(
            [*command, "--out", str(tmp_path / "out")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process,
        pipe.open("wb", buffering=0) as feed,
    ):
        feed.write("变压器\n".encode() * 999)
        time.sleep(0.5)
        process.send_signal(number)
        try:
            output, said = (part.decode() for part in process.communicate(timeout=60))
        finally:
            process.kill()
    assert process.returncode == 130
    assert "Traceback" not in said and "goes on from here" in said
    assert [line.split()[:3] for line in output.splitlines()[1:]] == [
        ["a", "stopped", "stopped"],
        ["b", "not", "begun"],
    ]
    assert not (tmp_path / "out/a/done.json").exists()


@pytest.mark.slow
def test_a_killed_job_out_of_core_goes_on(tmp_path):
    corpus = tmp_path / "big.txt"
    corpus.write_text("".join(path.read_text("utf-8") for path in FILES) * 2100, "utf-8")
    flags = ["--corpus", f"big={corpus}", "--memory", "260MB", "--threads", "1", "--min-count", "5000"]
    flags += ["--out", str(tmp_path / "out")]
    with subprocess.Popen([sys.executable, str(SCRIPT), *flags], stderr=subprocess.PIPE) as process:
        for line in process.stderr:
            if b"(done)" in line:  # the plan of the counting: the encoding is behind it
                break
        else:
            pytest.fail("encoding never ended")
        process.kill()
    (workdir,) = (tmp_path / "out/big/work").iterdir()
    assert (workdir / "manifest.json").exists()
    stale = workdir.with_name("big-0123456789ab")
    stale.mkdir()
    statuses, said = mine(*flags)
    assert statuses == {"big": "mined"}
    assert "encode took" not in said  # taken from the killed run
    assert "removed the work of an earlier input" in said
    assert list((tmp_path / "out/big/work").iterdir()) == []
    table = WordDiscoverer(min_count=5000, progress=False).fit(corpus).freeze()
    assert pyarrow.parquet.read_table(tmp_path / "out/big/words.parquet")["word"].to_pylist() == table.words
