"""``zhnlp models``, ``zhnlp fill-mask`` and ``zhnlp generate`` as users call them.

Run: pytest tests/test_cli_models.py
"""

import json

import pytest
from command import refused, zhnlp
from small_models import save_checkpoint

from zhnlp import pipeline
from zhnlp.checkpoints import shipped


@pytest.fixture(scope="module")
def masked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("masked")
    save_checkpoint(folder, "bert")
    return folder


@pytest.fixture(scope="module")
def causal(tmp_path_factory):
    folder = tmp_path_factory.mktemp("causal")
    save_checkpoint(folder, "llama")
    return folder


def test_models_lists_what_ships():
    head, *rows = zhnlp("models").stdout.splitlines()
    assert head.split("\t") == ["model", "task", "MB", "licence", "scores"]
    assert [row.split("\t")[0] for row in rows] == [model.name for model in shipped()]
    lines = [json.loads(line) for line in zhnlp("models", "--format", "jsonl").stdout.splitlines()]
    assert [(line["name"], line["bytes"]) for line in lines] == [(one.name, one.bytes) for one in shipped()]


def test_a_card_is_printed_whole():
    for model in shipped():
        printed = zhnlp("models", model.name).stdout
        assert printed.strip() == (model.folder / "README.md").read_text("utf-8").strip()


def test_an_unknown_model_or_format_is_refused():
    assert "'zhnlp-huge' does not ship: expected one of" in refused("models", "zhnlp-huge")
    assert "expected text or jsonl" in refused("models", "--format", "xml")


def test_fill_mask_prints_what_the_api_says(masked):
    text = "变压器[MASK]修，今天[MASK]气"
    api = pipeline("fill-mask", masked, top_k=2)(text)
    lines = zhnlp("fill-mask", text, "--model", masked, "--top-k", 2, "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line) for line in lines] == api
    head, *rows = zhnlp("fill-mask", text, "--model", masked, "--top-k", 2).stdout.splitlines()
    assert head == "mask\ttoken\tscore\ttext" and len(rows) == 4
    assert rows[2].split("\t") == [
        "2",
        api[1][0]["token_str"],
        f"{api[1][0]['score']:.3f}",
        api[1][0]["sequence"],
    ]
    lines = zhnlp("fill-mask", "电[MASK]", "--model", masked, "--targets", "网,压").stdout.splitlines()
    assert {line.split("\t")[1] for line in lines[1:]} == {"网", "压"}


def test_generate_prints_what_the_api_says(causal):
    api = pipeline("text-generation", causal, max_new_tokens=9, seed=3)
    options = ["--model", causal, "--max-new-tokens", 9, "--seed", 3]
    assert zhnlp("generate", "变压器", *options).stdout == api("变压器")["text"] + "\n"
    lines = zhnlp("generate", "变压器", *options, "--num-return", 2, "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line) for line in lines] == api("变压器", num_return=2)


def test_refusals(masked, causal):
    assert "without [MASK]" in refused("fill-mask", "电网", "--model", masked)
    assert "no masked-lm model" in refused("fill-mask", "[MASK]", "--model", causal)
    assert "is a masked model" in refused("generate", "电", "--model", masked)
    assert "temperature=-1" in refused("generate", "电", "--model", causal, "--temperature", "-1")
    assert "does not ship with zhnlp" in refused("generate", "电", "--model", "zhnlp-huge")
    assert "no folder here" in refused("fill-mask", "[MASK]", "--model", "./no-such")
