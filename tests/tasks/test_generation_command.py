"""``zhnlp generate`` with the options of the decoder.

Run: pytest tests/tasks/test_generation_command.py
"""

import json

import pytest
from command import refused, zhnlp
from small_models import save_checkpoint

from zhnlp import pipeline


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("causal")
    save_checkpoint(place, "gpt-neox")
    return place


def test_it_prints_what_the_api_says(folder):
    beams = {
        "num_beams": 3,
        "no_repeat_ngram": 2,
        "length_penalty": 0.5,
        "min_new_tokens": 4,
        "max_new_tokens": 9,
    }
    pipe = pipeline("text-generation", folder, **beams)
    one = pipe("变压器")
    options = [
        "--model",
        folder,
        *(part for name, value in beams.items() for part in (f"--{name.replace('_', '-')}", value)),
    ]
    assert zhnlp("generate", "变压器", *options).stdout == one["text"] + "\n"
    lines = zhnlp("generate", "变压器", *options, "--num-return", 2, "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line) for line in lines] == pipe("变压器", num_return=2)
    stop = one["text"][2:4]
    cut = zhnlp("generate", "变压器", *options, "--stop", stop, "--stop", "没有").stdout
    assert cut == pipe("变压器", stop=[stop, "没有"])["text"] + "\n" != one["text"] + "\n"


def test_refusals(folder):
    assert "num_beams=0" in refused("generate", "电", "--model", folder, "--num-beams", 0)
    assert "expected at most as many" in refused(
        "generate", "电", "--model", folder, "--num-beams", 2, "--num-return", 3
    )
