"""The converter scripts: on small files of our own, on the public sets where they are, and their refusals."""

import json
import lzma
import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
DATA = Path(os.environ.get("ZHNLP_DATA", CHECKOUT.parent / "shared" / "data"))

needs_data = pytest.mark.data


def run(script, *arguments, **environment):
    """(exit code, lines of standard output, standard error) of one converter."""
    done = subprocess.run(
        [sys.executable, str(CHECKOUT / "corpora" / script), *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, **environment},
        check=False,
    )
    return done.returncode, done.stdout.splitlines(), done.stderr


def write_xz(path, rows):
    with lzma.open(path, "wt", encoding="utf-8") as file:
        file.writelines(
            (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)) + "\n" for row in rows
        )
    return path


@pytest.fixture
def public_sets():
    if not DATA.is_dir():
        pytest.skip(f"no public data in {DATA}: set ZHNLP_DATA to its folder")


def test_news_keeps_line_breaks_in_jsonl_only(tmp_path):
    rows = [{"title": "甲", "content": "一句。\n二句。"}, {"title": "乙", "content": " "}]
    path = write_xz(tmp_path / "news.jsonl.xz", rows)
    assert run("news.py", path)[1] == ["一句。 二句。"]
    code, out, progress = run("news.py", path, "--titles", "--format", "jsonl")
    assert code == 0 and [json.loads(line)["text"] for line in out] == ["甲\n一句。\n二句。", "乙"]
    assert "2 documents, 10 characters" in progress


def test_every_kind_of_line_break_becomes_a_blank_in_txt(tmp_path):
    path = write_xz(tmp_path / "it.jsonl.xz", [{"title": "", "text": "甲\r乙\u2028丙\r\n丁"}])
    assert run("it.py", path)[1] == ["甲 乙 丙 丁"]


def test_characters_cut_the_last_document(tmp_path):
    path = write_xz(
        tmp_path / "it.jsonl.xz", [{"title": "", "text": "一二三"}, {"title": "", "text": "四五六"}]
    )
    assert run("it.py", path, "--characters", 4)[1] == ["一二三", "四"]
    assert run("it.py", path, "--characters", 3)[1] == ["一二三"]


def test_law_keeps_the_newest_version_once(tmp_path):
    rows = [
        {"title": "甲法", "date": "2001-01-01", "text": "甲旧"},
        {"title": "民法典", "date": None, "text": "总则"},
        {"title": "民法典", "date": None, "text": "物权"},
        {"title": "甲法", "date": "2020-01-01", "text": "甲新"},
        {"title": "甲法", "date": "2020-01-01", "text": "甲新的另一份"},
        {"title": "甲法", "date": None, "text": "甲无日期"},
    ]
    path = write_xz(tmp_path / "law.jsonl.xz", rows)
    _, out, progress = run("law.py", path)
    assert out == ["总则", "物权", "甲新"] and "3 of 6 texts are older" in progress
    assert len(run("law.py", path, "--all-versions")[1]) == 6


def test_classics_part_at_headings_that_follow_in_number(tmp_path):
    text = ["《》", "《》目录 第一回起", "话说", "第一回中所说", "第二回 承", "且听", "第九回中的人"]
    path = write_xz(tmp_path / "novel.txt.xz", text)
    assert run("classics.py", path)[1] == ["第一回起 话说 第一回中所说", "第二回 承 且听 第九回中的人"]


def test_pretrain_joins_paragraphs_and_shuffles_by_seed(tmp_path):
    text = ["一段", "二段", "", *(line for number in range(20) for line in (f"文{number}", ""))]
    path = write_xz(tmp_path / "open.txt.xz", text)
    plain = run("pretrain.py", path)[1]
    assert plain[:2] == ["一段 二段", "文0"] and len(plain) == 21
    shuffled = run("pretrain.py", path, "--seed", 1)[1]
    assert shuffled == run("pretrain.py", path, "--seed", 1)[1] != plain and sorted(shuffled) == sorted(plain)


def test_segmentation_reads_both_formats(tmp_path):
    sighan = tmp_path / "gold.utf8"
    sighan.write_text("\ufeff共同  创造  \n\n美好 的\n", encoding="utf-8")
    assert run("segmentation.py", sighan)[1] == ["共同 创造", "美好 的"]
    conllu = tmp_path / "a.conllu"
    rows = [
        "# text = 他们好",
        "1-2\t他们\t_",
        "1\t他\t_",
        "2\t们\t_",
        "2.1\t空\t_",
        "3\t好\t_",
        "",
        "1\tNew York\t_",
    ]
    conllu.write_text("\n".join(rows), encoding="utf-8")
    assert run("segmentation.py", conllu)[1] == ["他 们 好", "NewYork"]


@pytest.mark.parametrize("script", sorted(path.name for path in (CHECKOUT / "corpora").glob("*.py")))
def test_every_script_explains_itself_with_an_example(script):
    if script == "public_data.py":
        pytest.skip("the shared module, no command")
    code, out, _ = run(script, "--help")
    assert code == 0 and any(line.startswith(f"    python corpora/{script} ") for line in out)


def test_missing_data_and_wrong_rows_exit_2(tmp_path):
    code, out, message = run("news.py", "--data", tmp_path)
    assert code == 2 and not out and "set ZHNLP_DATA" in message
    assert run("news.py", ZHNLP_DATA=str(tmp_path))[0] == 2
    bad = write_xz(tmp_path / "bad.jsonl.xz", [{"title": "甲", "content": "乙"}, {"title": "丙"}])
    code, _, message = run("news.py", bad)
    assert code == 2 and "line 2" in message and "'content'" in message
    assert run("news.py", bad, "--characters", 0)[0] == 2


def test_an_empty_result_is_said(tmp_path):
    code, out, message = run("news.py", write_xz(tmp_path / "none.jsonl.xz", []))
    assert code == 0 and out == [] and "warning: nothing was written" in message


@needs_data
@pytest.mark.parametrize(
    ("script", "arguments", "documents"),
    [
        ("news.py", [], 16541),
        ("it.py", [], 5840),
        ("law.py", [], 3368),
        ("classics.py", [], 460),
        ("segmentation.py", ["--set", "pku"], 1944),
        ("segmentation.py", ["--set", "ud-dev"], 500),
        ("pretrain.py", ["--characters", "2000"], 1),
    ],
)
def test_public_sets_have_their_documents(public_sets, tmp_path, script, arguments, documents):
    out = tmp_path / "out.txt"
    code, _, message = run(script, "--data", DATA, "--out", out, *arguments)
    assert code == 0, message
    lines = out.read_text(encoding="utf-8").splitlines()
    assert len(lines) >= documents if script == "pretrain.py" else len(lines) == documents
    assert all(lines)


def test_examples_of_the_numeral_reader_are_true():
    command = [sys.executable, "-m", "doctest", str(CHECKOUT / "corpora" / "classics.py")]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "corpora")}
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
