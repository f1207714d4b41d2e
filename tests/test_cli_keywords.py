"""``zhnlp keywords`` as users call it.

Run: pytest tests/test_cli_keywords.py
"""

import json
from pathlib import Path

from command import zhnlp

from zhnlp import pipeline

ROOT = Path(__file__).parents[1]
FILES = [str(path) for path in sorted((ROOT / "corpora/power_grid").glob("0[1-4]*.txt"))]
TEXT = "避雷器限制过电压。避雷器的接地电阻要小。"


def test_text_and_jsonl_say_what_the_api_says():
    texts = [Path(name).read_text("utf-8") for name in FILES]
    pipe = pipeline("keywords", top=3)
    lines = zhnlp("keywords", *FILES, "--unit", "file", "--top", 3).stdout.splitlines()
    assert [line.split("\t") for line in lines] == [[row["term"] for row in found] for found in pipe(texts)]
    lines = zhnlp("keywords", *FILES, "--unit", "file", "--top", 3, "--format", "jsonl").stdout.splitlines()
    for line in lines:
        row = json.loads(line)
        assert row["keywords"] == pipe(row["text"])


def test_blank_lines_are_left_out_and_bare_ones_stay(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(f"{TEXT}\n\n，。的\n{TEXT}\n", "utf-8")
    result = zhnlp("keywords", path)
    lines = result.stdout.split("\n")
    assert len(lines) == 4 and lines[1] == "" and lines[0] == lines[2] != ""
    assert "1 documents have no keyword" in result.stderr


def test_out_stdin_and_statistics(tmp_path):
    terms, out = tmp_path / "terms.jsonl", tmp_path / "keywords.txt"
    for term in ("母线", "绕组"):
        terms.write_text(json.dumps({"term": term}) + "\n", "utf-8")
        zhnlp("keywords", "-", "--statistics", terms, "--top", 1, "--out", out, stdin="母线，绕组")
        assert out.read_text("utf-8") == term + "\n"


def test_learn_is_kept_and_read_back(tmp_path):
    learnt = tmp_path / "grid.jsonl"
    first = zhnlp("keywords", *FILES, "--unit", "file", "--learn", learnt).stdout
    assert zhnlp("keywords", *FILES, "--unit", "file", "--statistics", learnt).stdout == first


def test_refusals(tmp_path):
    for arguments, said in (
        (["--format", "xml"], "expected text or jsonl"),
        (["--top", 0], "top=0"),
        (["--statistics", "no-such.jsonl"], "no-such.jsonl"),
        (["--learn", tmp_path / "x.csv"], "expected .jsonl"),
        (["--out", tmp_path], "is a folder"),
    ):
        result = zhnlp("keywords", FILES[0], *arguments, code=2)
        assert said in " ".join(result.stderr.split()) and result.stdout == ""
    assert (
        "expected files" in zhnlp("keywords", "-", "--learn", tmp_path / "x.jsonl", code=2, stdin="x").stderr
    )


def test_the_ending_of_out_says_the_format(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(f"{TEXT}\n", "utf-8")
    zhnlp("keywords", path, "--out", tmp_path / "k.jsonl")
    assert json.loads((tmp_path / "k.jsonl").read_text("utf-8"))["text"] == TEXT
    zhnlp("keywords", path, "--out", tmp_path / "k.tsv")
    assert "避雷器" in (tmp_path / "k.tsv").read_text("utf-8").split("\t")
    assert (
        "expected .jsonl, .tsv or .txt" in zhnlp("keywords", path, "--out", tmp_path / "k.csv", code=2).stderr
    )
