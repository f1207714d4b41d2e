"""The recipe of post 7124 on a random model and a small set of our own: run, resumed, tabulated, refused.

Run: pytest tests/pipelines/test_conditional_sentiment.py
"""

import json
import lzma
import sys
from pathlib import Path

import pytest
from small_models import save_checkpoint

sys.path.insert(0, str(Path(__file__).parents[2] / "pipelines"))

import conditional_sentiment  # which finds corpora/
import sentiment

GOOD, BAD = (
    ["今天天气很好。", "北京大学很好。", "研究生很好，"],
    ["今天电网断。", "变压器断，检修。", "断路检修。"],
)


@pytest.fixture
def recipe(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "data" / sentiment.FOLDER
    folder.mkdir(parents=True)
    for split, times in (("train", 8), ("valid", 1), ("test", 3)):
        rows = [f"{text}\t{label}\n" for label, texts in ((1, GOOD), (0, BAD)) for text in texts] * times
        monkeypatch.setitem(sentiment.SIZES, split, (3 * times, 3 * times))
        with lzma.open(folder / f"{split}.tsv.xz", "wt", encoding="utf-8") as file:
            file.writelines(rows)
    save_checkpoint(tmp_path / "model", "gpt-neox", initializer_range=0.02)

    def run(*options):
        given = ["--data", tmp_path / "data", "--work", tmp_path / "work", "--out", tmp_path / "out.jsonl"]
        given += ["--model", tmp_path / "model", "--scorer", tmp_path / "model", "--limit", 6, "--epochs", 1]
        given += ["--guidance", 1, 2, "--max-length", 16, *options]
        monkeypatch.setattr(sys, "argv", ["conditional_sentiment.py", *map(str, given)])
        conditional_sentiment.main()
        return capsys.readouterr().out

    run.out = tmp_path / "out.jsonl"
    return run


def test_run_resumed_and_tabulated(recipe):
    printed = recipe()
    lines = [json.loads(line) for line in recipe.out.read_text("utf-8").splitlines()]
    assert [line["key"]["row"] for line in lines] == ["judge", "reviews", "written", "written"]
    assert lines[0]["accuracy"] == 1.0 and lines[1]["agreement"] == 1.0
    for line in lines[2:]:
        assert line["texts"] == 6 and line["perplexity_per_character"] > 1 and 0 <= line["distinct_2"] <= 1
        assert {one["asked"] for one in line["samples"]} == {"正面", "负面"}
    assert "| guidance 2, seed 0 |" in printed and "| reviews of test | 100.0 ± 0.0 |" in printed
    assert recipe() == printed == recipe("--table")
    assert len(recipe.out.read_text("utf-8").splitlines()) == 4
    recipe("--guidance", 3)
    assert len(recipe.out.read_text("utf-8").splitlines()) == 5


def test_refusals(recipe):
    with pytest.raises(SystemExit) as left:
        recipe("--limit", 1)
    assert left.value.code == 2
