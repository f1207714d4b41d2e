"""What ships: names, sizes, cards; without torch.

Run: pytest tests/checkpoints
"""

import json
import subprocess
import sys

import pytest

from zhnlp.checkpoints import find, read_card, shipped, write_card
from zhnlp.checkpoints.card import REQUIRED

FIELDS = {
    "task": "fill-mask",
    "licence": "CC BY-SA 4.0",
    "data": ["百科", "法律"],
    "tokens": 1_000_000,
    "seconds": 60.5,
    "hardware": "2 cores",
    "seed": 7,
    "scores": {"accuracy": 0.45},
    "limits": "一个玩具",
}


def test_models_of_a_folder(tmp_path):
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text("{}")
    write_card(tmp_path / "a", FIELDS, "# a")
    (tmp_path / "no-model").mkdir()
    first, second = shipped(tmp_path)
    assert (first.name, first.task, first.licence, first.scores) == (
        "a",
        "fill-mask",
        "CC BY-SA 4.0",
        {"accuracy": 0.45},
    )
    assert first.bytes == 2 + (tmp_path / "a/README.md").stat().st_size
    assert first.read_card().text == "# a\n"
    assert (second.name, second.task, second.scores) == ("b", "not said", {})
    assert find("a", tmp_path) == tmp_path / "a"


@pytest.mark.parametrize("name", ["", ".", "..", "../a", "a/b", "no-model", "a\\b", "c"])
def test_what_is_no_shipped_name_is_not_found(name, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "no-model").mkdir()
    assert find(name, tmp_path) is None


def test_all_that_ships_is_small_and_has_a_whole_card():
    models = shipped()
    small = ("gpt", "mlm", "reader", "sentence", "title")
    assert [model.name for model in models] == [f"zhnlp-{name}-small" for name in small]
    assert sum(model.bytes for model in models) <= 32e6
    for model in models:
        assert set(REQUIRED) <= model.card.keys(), model.name
        assert find(model.name) == model.folder


def test_a_card_is_read_as_it_was_written(tmp_path):
    path = write_card(tmp_path, FIELDS, "# 标题\n\n正文。")
    assert read_card(path) == read_card(tmp_path) == (FIELDS, "# 标题\n\n正文。\n")
    path.write_text("# no head\n", "utf-8")
    assert read_card(path) == ({}, "# no head\n")


def test_cards_are_refused(tmp_path):
    with pytest.raises(ValueError, match="no seed, limits: expected task, licence"):
        write_card(tmp_path, {k: v for k, v in FIELDS.items() if k not in ("seed", "limits")}, "x")
    for head, said in (("a: [", "no YAML"), ("- a", "no YAML mapping")):
        (tmp_path / "README.md").write_text(f"---\n{head}\n---\nx", "utf-8")
        with pytest.raises(ValueError, match=said):
            read_card(tmp_path)
    (tmp_path / "README.md").write_text("---\na: 1\nx", "utf-8")
    with pytest.raises(ValueError, match="no YAML mapping"):
        read_card(tmp_path)


def test_listing_needs_no_torch():
    code = "import json, sys; from zhnlp.checkpoints import shipped; shipped(); print(json.dumps('torch' in sys.modules))"
    assert (
        json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
        is False
    )
