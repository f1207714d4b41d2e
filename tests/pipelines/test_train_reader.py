"""The recipe of readers on a small set of our own: run, not run twice, tabulated, refused.

Run: pytest tests/pipelines/test_train_reader.py
"""

import json
import lzma
import runpy
import sys
from pathlib import Path

import pytest

from zhnlp.checkpoints.card import read_card
from zhnlp.reading import PassageReader

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "pipelines"))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Questions in the form of CMRC2018, and some open text."""
    folder = tmp_path_factory.mktemp("data")
    rows = [
        {
            "id": f"{number}",
            "question": f"{who}在哪里上班？",
            "context": f"{who}住在城东，每天在{where}上班，周末休息。" * 2,
            "answers": [{"text": where, "answer_start": 10}],
        }
        for number, (who, where) in enumerate(
            (a, b) for a in ("小王", "老李", "阿明") for b in ("银行", "学校", "医院")
        )
    ]
    for split in ("train", "dev"):
        write(folder / "reading" / "cmrc2018" / f"{split}.jsonl.xz", map(json.dumps, rows))
    for name in ("open.txt.xz", "open_general.txt.xz"):
        write(folder / "pretrain" / name, ["他每天上班。", "", "她在学校上班，周末休息。"] * 20)
    return folder


def write(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    with lzma.open(path, "wt", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)


def run(monkeypatch, *arguments, script="train_reader.py"):
    monkeypatch.setattr(sys, "argv", [script, *map(str, arguments)])
    runpy.run_path(str(ROOT / "pipelines" / script), run_name="__main__")


@pytest.mark.slow
def test_rows_are_trained_once_and_tabulated(data, tmp_path, monkeypatch, capsys):
    options = ["--data", data, "--work", tmp_path / "work", "--out", tmp_path / "out.jsonl", "--epochs", 1]
    options += ["--limit", 6, "--characters", 400, "--rows", "6906", "no-words"]
    run(monkeypatch, *options)
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert [line["key"]["row"] for line in lines] == ["6906", "no-words"]
    assert all(0 <= line["em"] <= line["f1"] <= 1 and line["questions"] == 6 for line in lines)
    table = capsys.readouterr().out
    assert "| 6906 |" in table and "| no-words |" in table
    run(monkeypatch, *options)  # nothing is done again
    assert len((tmp_path / "out.jsonl").read_text("utf-8").splitlines()) == 2
    assert capsys.readouterr().out == table
    folder = tmp_path / "small-reader"
    trained = tmp_path / "work" / "no-words-6-1-0"
    run(monkeypatch, "--reader", trained, "--out", folder, "--data", data, script="ship_reader.py")
    fields = read_card(folder).fields
    assert (fields["task"], fields["seed"], fields["scores"].keys()) == (
        "reading-comprehension",
        0,
        {"em", "f1"},
    )
    assert '"row": "no-words"' in capsys.readouterr().out
    row = {"question": "老李在哪里上班？", "context": "老李住在城东，每天在学校上班。"}
    assert PassageReader(folder).answer(**row, no_answer=1.0)["answer"] in row["context"]


def test_a_missing_set_is_refused(tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, "--data", tmp_path, "--out", tmp_path / "out.jsonl")
    assert stopped.value.code == 2 and "cmrc2018" in capsys.readouterr().err
