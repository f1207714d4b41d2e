"""The pre-training recipes on two small files: trained, continued, annealed, shipped; tokens of an older folder are kept.

Run: pytest tests/pipelines/test_pretrain_recipes.py
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from zhnlp.checkpoints.card import read_card
from zhnlp.checkpoints.quantized import load_state

PIPELINES = Path(__file__).parents[2] / "pipelines"
SMALL = ["--layers", "1", "--width", "16", "--heads", "2", "--length", "16", "--rows", "4", "--threads", "1"]
TEXT = "".join(f"第{n}首，春眠不觉晓，处处闻啼鸟，夜来风雨声，花落知多少。\n\n" for n in range(400))


def recipe(name, *options):
    return subprocess.run(
        [sys.executable, PIPELINES / name, *map(str, options), *SMALL],
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("pretrain_mlm.py", "accuracy_held_out"),
        pytest.param("pretrain_gpt.py", "bits_per_character_held_out", marks=pytest.mark.long),
    ],
)
def test_a_recipe_from_files_to_what_ships(name, figure, tmp_path):
    (tmp_path / "lexicon.txt").write_text("春眠\n啼鸟\n", "utf-8")
    texts = [tmp_path / "poem.2019.txt", tmp_path / "poem.2020.txt"]
    texts[0].write_text(TEXT, "utf-8")
    texts[1].write_text("花落知多少，花落知多少，花落知多少。", "utf-8")  # nothing of it is kept out
    options = [*texts, "--data", tmp_path / "data", "--out", tmp_path / "out"]
    options += ["--lexicon", tmp_path / "lexicon.txt"]
    first = recipe(name, *options, "--steps", 10)
    assert first.returncode == 0, first.stderr
    assert (
        first.stdout.strip().endswith("checkpoint-10")
        and "poem.2020: no document is kept out" in first.stderr
    )
    assert {path.name for path in (tmp_path / "data").iterdir()} == {
        *("vocab.txt", "corpus.json"),
        *("poem.2019.train", "poem.2019.held", "poem.2020.train"),
    }
    (tmp_path / "data/corpus.json").unlink()  # as an earlier version left it
    final = recipe(name, *options, "--anneal", 2)
    assert final.returncode == 0, final.stderr
    assert "does not say what it was made of" in final.stderr and "tokens →" not in final.stderr
    printed = json.loads(final.stdout)
    fields = read_card(printed["folder"]).fields
    assert fields["scores"] == {figure: printed[figure]} and fields["tokens"] == 12 * 4 * 16
    assert fields["plan"]["warmup"] == 1 and load_state(Path(printed["folder"]))
    (tmp_path / "lexicon.txt").write_text("春眠\n", "utf-8")
    other = recipe(name, *options, "--steps", 20)
    assert other.returncode != 0 and "other text or options (words)" in other.stderr
