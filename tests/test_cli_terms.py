"""``zhnlp eval terms``: by hand, with and without the corpus, refusals.

Run: pytest tests/test_cli_terms.py
"""

import json
from pathlib import Path

import pytest
from command import refused, zhnlp

TERMS = str(Path(__file__).parents[1] / "corpora/power_grid/terms.txt")


def test_eval_terms_by_hand(tmp_path):
    gold = tmp_path / "gold.txt"
    gold.write_text("变压器\t300\n断路器\t20\n5G基站\t9\n互感器\t7\n", "utf-8")
    mine = tmp_path / "mine.csv"
    mine.write_text("term,score\n断路器,9\n的话,8\n变压器,7\n5Ｇ基站,6\n", "utf-8")
    text = tmp_path / "grid.jsonl"
    text.write_text('{"body": "主变压器，断路器，5G基站"}\n' * 3 + '{"body": "互感器"}\n', "utf-8")
    scores = json.loads(zhnlp("eval", "terms", mine, "--gold", gold, "--k", "1,3").stdout)
    assert scores["average_precision"] == pytest.approx((1 + 2 / 3 + 3 / 4) / 4)
    options = ("--corpus", text, "--text-field", "body", "--min-count", 3, "--k", 3)
    scores = json.loads(zhnlp("eval", "terms", mine, "--gold", gold, *options).stdout)
    assert scores["average_precision"] == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)
    assert (scores["gold_given"], scores["recall_at"]["3"]) == (4, pytest.approx(2 / 3))
    scores = json.loads(zhnlp("eval", "terms", mine, "--gold", gold, *options, "--han").stdout)
    assert (scores["gold_words"], scores["recall"]) == (2, 1.0)
    assert scores["average_precision"] == pytest.approx((1 + 2 / 3) / 2)


def test_eval_terms_refusals(tmp_path):
    text = tmp_path / "grid.txt"
    text.write_text("电站\n", "utf-8")
    assert "none of the" in refused("eval", "terms", TERMS, "--gold", TERMS, "--corpus", text)
    assert "whole numbers" in refused("eval", "terms", TERMS, "--gold", TERMS, "--k", "a")
    assert "no.txt" in refused("eval", "terms", TERMS, "--gold", TERMS, "--corpus", tmp_path / "no.txt")
    assert "max_length=1" in refused("eval", "terms", TERMS, "--gold", TERMS, "--han", "--max-length", 1)
