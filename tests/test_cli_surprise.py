"""``zhnlp surprise``: what the API says, for files; and what is refused.

Run: pytest tests/test_cli_surprise.py
"""

import json
import math

import pytest
from command import refused, zhnlp

from zhnlp.attribution import surprise


@pytest.mark.slow
def test_the_command_says_what_the_api_says(tmp_path):
    (tmp_path / "a.txt").write_text("今天天气很好。\n\n变压器的油温过高。\n", "utf-8")
    lines = zhnlp("surprise", tmp_path / "a.txt", "--format", "jsonl", "--html", tmp_path / "a.html").stdout
    found = [json.loads(line) for line in lines.splitlines()]
    wanted = surprise("zhnlp-gpt-small", ["今天天气很好。", "变压器的油温过高。"])
    assert [one["text"] for one in found] == [one["text"] for one in wanted]
    assert [one["nats"] for one in found] == pytest.approx([one["nats"] for one in wanted], abs=1e-3)
    assert (tmp_path / "a.html").read_text("utf-8").count("<article") == 2
    summary = json.loads(zhnlp("surprise", tmp_path / "a.txt", "--format", "summary").stdout)
    assert summary["characters"] == 16 and summary["texts"] == 2
    assert summary["bits_per_character"] == pytest.approx(
        sum(one["nats"] for one in wanted) / 16 / math.log(2), abs=1e-3
    )
    assert "characters · perplexity" in zhnlp("surprise", tmp_path / "a.txt").stdout


def test_the_command_refuses(tmp_path):
    (tmp_path / "a.txt").write_text("电\n", "utf-8")
    (tmp_path / "blank.txt").write_text("\n \n", "utf-8")
    for options, said in (
        ((tmp_path / "a.txt", "--format", "xml"), "--format xml is not known"),
        ((tmp_path / "a.txt", "--language", "fr"), "language='fr'"),
        ((tmp_path / "a.txt", "--html", tmp_path / "a.txt"), "--html"),
        ((tmp_path / "blank.txt",), "there is no text to score"),
    ):
        assert said in refused("surprise", *options)
    assert "Example: zhnlp surprise" in zhnlp("surprise", "--help").stdout
