"""The recipe of votes: distractors of other documents, rules by hand, parts that are not read again.

Run: pytest tests/pipelines/test_multi_passage.py
"""

import json
import lzma
import runpy
import sys
from pathlib import Path

import pytest
from toy_reader import WHERE, WHO, toy_reader

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "pipelines"))

from multi_passage import Question, auroc, distractors, ranked  # noqa: E402


def question(number, document, context):
    return Question(str(number), document, "变压器何时检修？", context, ["上午"])


def test_distractors_are_the_nearest_of_other_documents():
    asked = question(0, "甲", "变压器上午检修。")
    everything = [
        asked,
        question(1, "甲", "变压器何时检修？"),  # the nearest, of the same document
        question(2, "乙", "变压器检修。"),
        question(3, "丙", "鱼"),  # shares nothing, and fills up
        question(4, "丁", "线路检修"),
    ]
    assert distractors([asked], everything, 3) == [["变压器检修。", "线路检修", "鱼"]]
    with pytest.raises(ValueError, match="0 has 3 paragraphs of other documents: expected 4"):
        distractors([asked], everything, 4)


def test_rules_by_hand():
    def candidate(answer, *scores):
        return {"answer": answer, "support": [{"score": score} for score in scores]}

    found = {"candidates": [candidate("甲", 0.6), candidate("乙", 0.5, 0.5), candidate("丙", 0.5)]}
    assert ranked(found, "max") == ("甲", 0.6) and ranked(found, "sum") == ("乙", 1.0)
    assert ranked(found, "smooth_square") == ("乙", 0.25) and ranked(found, "mean") == ("甲", 0.6)
    assert ranked({"candidates": []}, "max") == ("", 0.0)
    assert auroc([1, 1], [0, 1]) == 0.75


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["multi_passage.py", *map(str, arguments)])
    runpy.run_path(str(ROOT / "pipelines" / "multi_passage.py"), run_name="__main__")


def test_parts_are_read_once_and_tabulated(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "reading" / "cmrc2018"
    folder.mkdir(parents=True)
    with lzma.open(folder / "dev.jsonl.xz", "wt", encoding="utf-8") as file:
        for number, (who, where) in enumerate((a, b) for a in WHO for b in WHERE[:2]):
            context = f"{who}住在城东，{who}在{where}上班。"
            answers = [{"text": where, "answer_start": context.index(where)}]
            row = {
                "id": str(number),
                "question": f"{who}在哪里上班？",
                "context": context,
                "answers": answers,
            }
            file.write(json.dumps({**row, "title": f"{number}"}, ensure_ascii=False) + "\n")
    reader = toy_reader().save(tmp_path / "toy")
    options = ["--models", reader, "--data", tmp_path, "--out", tmp_path / "out.jsonl"]
    options += ["--passages", 3, "--part", 3]
    run(monkeypatch, *options, "--limit", 3)
    run(monkeypatch, *options)
    table = capsys.readouterr().out
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert len(lines) == 4 and [len(line["held"]) for line in lines] == [3, 3, 3, 2]
    for line in lines:
        assert line["rules"].keys() == {"smooth_square", "square", "sum", "max", "mean"}
        assert {len(row["own"]) for row in line["rules"].values()} == {len(line["held"])}
    assert "8 questions" in table and "| toy, smooth_square |" in table and "own paragraph alone" in table
    run(monkeypatch, *options, "--table")
    assert (tmp_path / "out.jsonl").read_text("utf-8").count("\n") == 4
    assert capsys.readouterr().out == table[table.rindex("| ten passages") :]


def test_a_missing_set_is_refused(tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run(monkeypatch, "--models", "none", "--data", tmp_path, "--out", tmp_path / "out.jsonl")
    assert "cmrc2018" in capsys.readouterr().err
