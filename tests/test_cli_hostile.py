"""The ``zhnlp`` command on hostile input and in hostile surroundings: it says what is wrong and never shows a traceback.

Run: pytest tests/test_cli_hostile.py
"""

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command import refused, shell, zhnlp

ROOT = Path(__file__).parents[1]
GRID = ROOT / "corpora/power_grid"
FILES = [str(path) for path in sorted(GRID.glob("[0-9]*.txt"))]
FEW = FILES[:6]
TERMS = str(GRID / "terms.txt")
METHODS = ("ngram", "min-entropy", "boundary-entropy", "pmi-cut", "lm")
HEAD = ["word", "count", "documents", "score", "pmi", "left_entropy", "right_entropy", "known"]
LINE = "变压器检修，电网调度运行。" * 50 + "\n"


def table(stdout):
    rows = [line.split("\t") for line in stdout.splitlines()]
    assert rows[0] == HEAD
    assert all(len(row) == len(HEAD) for row in rows)
    return [dict(zip(HEAD, row)) for row in rows[1:]]


def words_of(stdout):
    return [row["word"] for row in table(stdout)]


# --- words: hostile input --------------------------------------------------------------------------------------


def test_broken_utf8_is_repaired_and_said(tmp_path):
    path = tmp_path / "broken.txt"
    path.write_bytes(LINE.encode() + b"\xff\xfe\xff" + LINE.encode())
    result = zhnlp("words", path)
    assert words_of(result.stdout) == ["变压器检修", "电网调度运行"]
    assert "lines repaired" in result.stderr and "broken.txt:2" in result.stderr


def test_gb18030_is_read_and_said(tmp_path):
    path = tmp_path / "gb.txt"
    path.write_bytes(LINE.encode("gb18030"))
    result = zhnlp("words", path)
    assert words_of(result.stdout) == ["变压器检修", "电网调度运行"]
    assert "zhnlp: warning:" in result.stderr and "GB18030" in result.stderr


@pytest.mark.parametrize("kind", ["empty", "zeros", "random"])
def test_nothing_to_read_is_said_and_no_error(tmp_path, kind):
    rng = random.Random(7)
    data = {"empty": b"", "zeros": bytes(100_000), "random": rng.randbytes(100_000)}[kind]
    path = tmp_path / "data.txt"
    path.write_bytes(data)
    result = zhnlp("words", path)
    assert words_of(result.stdout) == []
    assert "zhnlp: warning:" in result.stderr
    if kind != "empty":
        assert "binary" in result.stderr


def test_one_line_of_20_megabytes(tmp_path):
    path = tmp_path / "long.txt"
    path.write_bytes(LINE.strip().encode() * (20_000_000 // len(LINE.encode())))
    result = zhnlp("words", path)
    assert words_of(result.stdout) == ["变压器检修", "电网调度运行"]
    assert "over-long lines cut" in result.stderr


def test_broken_json_lines_are_counted(tmp_path):
    path = tmp_path / "bad.jsonl"
    good = json.dumps({"text": "变压器检修"}) + "\n"
    path.write_text('{"text":\n[1]\nnull\n' + good + '{"title":"x"}\n' + good * 10, "utf-8")
    result = zhnlp("words", path)
    assert [(row["word"], row["count"]) for row in table(result.stdout)] == [("变压器检修", "11")]
    assert "1 x broken JSON" in result.stderr and "bad.jsonl:1" in result.stderr
    assert "2 x row is no object" in result.stderr
    assert "bad.jsonl:1" in refused("words", path, "--strict")


def test_cut_archive_is_used_up_to_the_damage_and_said(tmp_path):
    path = tmp_path / "cut.txt.gz"
    packed = gzip.compress(LINE.encode() * 100)
    path.write_bytes(packed[: len(packed) // 2])
    result = zhnlp("words", path)
    assert "变压器检修" in words_of(result.stdout)
    assert "damaged or cut file" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nope.txt"], "no such file or folder: 'nope.txt'"),
        (["no*such"], "pattern matches nothing"),
        ([], "Missing argument"),
        ([*FEW, "--min-count", 0], "min_count=0"),
        ([*FEW, "--max-length", 13], "max_length=13"),
        ([*FEW, "--max-length", "x"], "Invalid value"),
        ([*FEW, "--top", 0], "top=0"),
        ([*FEW, "--top", -3], "top=-3"),
        ([*FEW, "--threads", 0], "threads=0"),
        ([*FEW, "--min-score", "nan"], "min_score=nan"),
        ([*FEW, "--method", "ngrams"], "expected one of 'ngram'"),
        ([*FEW, "--runs", "x"], "'symbol', 'token', 'drop'"),
        ([*FEW, "--unit", "x"], "'line', 'paragraph', 'file'"),
        ([*FEW, "--duplicates", "x"], "'keep', 'exact', 'near'"),
        ([*FEW, "--encoding", "utf8mb4"], "nearest: utf-8"),
        ([*FEW, "--memory", "huge"], '"2GB"'),
        ([*FEW, "--memory", "1KB"], "expected at least"),
        ([*FEW, "--reference", "no.dict"], "no.dict is not there"),
        ([*FEW, "--out", "x.xlsx"], "expected one of .csv"),
        ([*FEW, "--out", "x"], "expected one of .csv"),
        ([*FEW, "--format", "word"], "'jieba'"),
        ([*FEW, "--format", "ik"], "needs --out"),
        ([*FEW, "--out", f"{FEW[0]}/x.csv"], "is no folder"),
        ([*FEW, "--report", str(GRID)], "is a folder"),
        ([*FEW, "--no-such-option"], "No such option"),
    ],
)
def test_what_the_user_can_mend_is_refused(arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert said in refused("words", *arguments)
    assert list(tmp_path.iterdir()) == []


def test_refusals_come_before_the_work(tmp_path):
    """A wrong reference or place must not come up after an hour of counting: here there is nothing to read yet."""
    endless = tmp_path / "pipe"
    os.mkfifo(endless)  # reading it would hang
    for wrong in (
        ["--reference", "no.dict"],
        ["--out", "x.xlsx"],
        ["--out", f"{FEW[0]}/x.csv"],
        ["--report", GRID],
    ):
        begin = time.perf_counter()
        refused("words", endless, *wrong)
        assert time.perf_counter() - begin < 5


def test_folder_without_text(tmp_path):
    (tmp_path / "tool.exe").write_bytes(b"MZ")
    assert "holds no file of a known kind" in refused("words", tmp_path)


def test_table_whose_text_column_is_open(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n变压器,检修\n", "utf-8")
    assert "which column is the text" in refused("words", path)
    zhnlp("words", path, "--text-field", "a")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("text", ["", "我", "abc", "我" * 30, "，。" * 20, "我a" * 20])
def test_poor_texts_are_no_error(method, text):
    zhnlp("words", "-", "--method", method, "--entropy", stdin=text)


# --- pipes and processes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [["words", "--min-count", "1", "--min-score", "-100"], ["segment"], ["segment", "--format", "jsonl"]],
)
def test_closing_the_pipe_early_is_quiet(arguments, tmp_path):
    many = tmp_path / "big.txt"
    many.write_text("".join(Path(path).read_text("utf-8") for path in FILES) * 10, "utf-8")
    command = [sys.executable, "-c", "from zhnlp.cli import main; main()", *arguments, str(many)]
    if arguments[0] == "segment":
        command += ["--lexicon", TERMS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read().decode()
    assert process.returncode == 141
    assert "Traceback" not in said and "BrokenPipe" not in said


def test_full_disk_is_said():
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-c", "from zhnlp.cli import main; main()", "segment", "-"]
        command += ["--lexicon", TERMS]
        result = subprocess.run(
            command, input="变压器".encode(), stdout=full, stderr=subprocess.PIPE, timeout=100
        )
    assert result.returncode == 2
    assert "No space left" in result.stderr.decode() and "Traceback" not in result.stderr.decode()


def test_output_that_cannot_hold_chinese_is_said():
    result = shell("words", FEW[0], env={"PYTHONIOENCODING": "ascii", "PATH": "/usr/bin"})
    assert result.returncode == 2
    assert b"PYTHONIOENCODING=utf-8" in result.stderr and b"Traceback" not in result.stderr


def test_interrupt_leaves_without_a_traceback():
    command = [sys.executable, "-c", "from zhnlp.cli import main; main()", "words", "-"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdin.write(LINE.encode() * 100)
        process.stdin.flush()
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        said = process.communicate()[1].decode()
    assert process.returncode == 130 and "Traceback" not in said, said


# --- lexicons --------------------------------------------------------------------------------------------------


def test_hostile_lexicons_are_refused(tmp_path):
    def at(name, data):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    packed = gzip.compress(LINE.encode() * 9)
    for path, said in (
        (tmp_path / "none.txt", "none.txt"),
        (at("empty.txt", b""), "holds no word"),
        (at("zeros.txt", bytes(999)), "binary"),
        (at("cut.txt.gz", packed[: len(packed) // 2]), "damaged"),
        (at("bad.parquet", b"PAR1"), "no parquet file"),
        (at("bad.jsonl", b"{no"), "line 1 is no JSON"),
        (at("cols.csv", b"a,b\n1,2\n"), "expected one named 'word'"),
        (at("count.csv", "word,count\n电网,many\n".encode()), "row 1: count is 'many'"),
        (at("other.json", b'{"model": {"type": "BPE"}}'), "no Unigram tokenizer"),
        (at("array.json", b"[]"), "no Unigram tokenizer"),
    ):
        assert said in refused("segment", FEW[0], "--lexicon", path)
    assert "text or jsonl" in refused("segment", FEW[0], "--format", "xml")
    assert "not there" in refused("segment", FEW[0], "--user-words", tmp_path / "none.txt")
