"""``zhnlp train lm``: a repaired family fine-tuned from a file, and what is refused.

Run: pytest tests/test_cli_train_lm.py
"""

import importlib.util
import json

import pytest
from causal_families import clue
from command import refused, zhnlp

from zhnlp import pipeline


def test_the_command_fine_tunes_a_repaired_family(tmp_path):
    (tmp_path / "clue").mkdir()
    clue(tmp_path / "clue")
    (tmp_path / "a.txt").write_text("我们学习中国语。\n" * 6, "utf-8")
    options = (
        "--model",
        tmp_path / "clue",
        "--out",
        tmp_path / "out",
        "--optimizer",
        "adafactor",
        "--held-out",
        0,
    )
    sizes = ("--epochs", 2, "--batch-size", 2, "--length", 20, "--device", "cpu", "--quiet")
    said = json.loads(zhnlp("train", "lm", tmp_path / "a.txt", *options, *sizes).stdout)
    assert said["documents"] == 6 and said["steps"] == 4 and said["folder"] == str(tmp_path / "out")
    assert pipeline("text-generation", tmp_path / "out", max_new_tokens=5)("我们")["text"] is not None
    assert "Example: zhnlp train lm" in " ".join(zhnlp("train", "lm", "--help").stdout.split())
    assert "--optimizer" in zhnlp("train", "lm", "--help").stdout
    assert "'adamw' or 'adafactor'" in refused(
        "train", "lm", tmp_path / "a.txt", "--out", tmp_path / "x", "--optimizer", "lion"
    )


@pytest.mark.skipif(importlib.util.find_spec("peft") is not None, reason="peft is installed")
def test_without_peft_the_extra_is_named(tmp_path):
    (tmp_path / "a.txt").write_text("今天\n", "utf-8")
    said = refused("train", "lm", tmp_path / "a.txt", "--out", tmp_path / "out", "--lora", 4)
    assert "pip install 'zhnlp[lora]'" in said and not (tmp_path / "out").exists()
