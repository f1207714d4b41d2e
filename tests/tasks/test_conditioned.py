"""pipeline("text-generation", condition=…), and the commands: the same as ConditionalGenerator writes, errors that list labels.

Run: pytest tests/tasks/test_conditioned.py
"""

import json

import pytest
import torch
from command import refused, zhnlp
from small_models import make_model, make_tokenizer, save_checkpoint

from zhnlp import pipeline
from zhnlp.conditional import ConditionalGenerator

TEXTS = ["今天天气很好。", "北京大学很好。", "今天电网断。", "断路检修。"] * 6
LABELS = ["好", "好", "坏", "坏"] * 6
GREEDY = {"temperature": 0, "dtype": "float32", "max_new_tokens": 12, "repetition_penalty": 1.0}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    place = tmp_path_factory.mktemp("base")
    save_checkpoint(place, "gpt-neox", initializer_range=0.02)
    return place


@pytest.fixture(scope="module")
def generator(base):
    made = ConditionalGenerator(base, max_length=16, condition_size=8, progress=False)
    return made.fit(TEXTS, LABELS, False, epochs=20, batch_size=8, learning_rate=1e-2)


@pytest.fixture(scope="module")
def folder(generator, tmp_path_factory):
    return generator.save(tmp_path_factory.mktemp("mine"))


@pytest.mark.parametrize("guidance", [0, 1, 2.5])
def test_beams_are_those_of_the_generator(folder, generator, guidance):
    options = {"num_beams": 3, "min_new_tokens": 1, "repetition_penalty": 1.0}
    for label in ("好", "坏"):
        pipe = pipeline(
            "text-generation", folder, condition=label, guidance=guidance, dtype="float32", **options
        )
        [expected] = generator.generate(label, 1, guidance=guidance, num_beams=3, max_new_tokens=63)
        found = pipe("", max_length=64)
        assert found["text"] == expected["text"] and found["score"] == pytest.approx(
            expected["score"], abs=1e-4
        )


def test_the_condition_of_a_call_goes_before_that_of_the_pipeline(folder):
    pipe = pipeline("text-generation", folder, condition="好", **GREEDY)
    good, bad = pipe("今天"), pipe("今天", condition="坏")
    assert "好" in good["text"] and "断" in bad["text"]
    assert (
        pipe("今天", condition={"label": "坏"})
        == bad
        == pipeline("text-generation", folder, condition="坏", **GREEDY)("今天")
    )


def test_prompts_alone_and_together(folder):
    pipe = pipeline(
        "text-generation", folder, condition="坏", guidance=2.0, seed=1, dtype="float32", max_new_tokens=9
    )
    prompts = ["今天", "北京大学研究", "电"]
    assert [one["text"] for one in pipe(prompts)] == [pipe(one)["text"] for one in prompts]
    assert len(pipe("今天", num_return=4)) == 4
    pieces = []
    assert "".join(pieces) == "" and pipe("今天", stream=pieces.append)["text"] == "".join(pieces)


def test_without_a_condition_it_is_the_null_model(folder):
    from transformers import AutoModelForCausalLM

    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), make_tokenizer(causal=True)
    plain = pipeline("text-generation", model, tokenizer=tokenizer, **GREEDY)
    pipe = pipeline("text-generation", folder, **GREEDY)
    assert pipe("今天")["score"] == pytest.approx(plain("今天")["score"], abs=1e-4)


def test_saved_by_the_pipeline_it_loads_again(folder, tmp_path):
    pipe = pipeline("text-generation", folder, condition="好", **GREEDY)
    again = pipeline("text-generation", pipe.save(tmp_path / "again"), condition="好", **GREEDY)
    assert again("今天") == pipe("今天")


def test_refusals(folder, base):
    with pytest.raises(ValueError, match=r"'中' is not known. Known: label: '坏', '好'"):
        pipeline("text-generation", folder, condition="中")
    pipe = pipeline("text-generation", folder)
    with pytest.raises(ValueError, match="attribute 'mood' is not known: expected 'label'"):
        pipe("今天", condition={"mood": "好"})
    with pytest.raises(ValueError, match="guidance=True"):
        pipe("今天", guidance=True)
    for model in (base, None):
        with pytest.raises(
            ValueError, match=r"knows no condition.*expected the folder of a conditional model"
        ):
            pipeline("text-generation", model, condition="好")
    with pytest.raises(ValueError, match="knows no condition"):
        pipeline("text-generation", make_model("gpt2"), tokenizer=make_tokenizer(causal=True))(
            "今天", guidance=2
        )


def test_commands(folder, base, tmp_path):
    rows = "\n".join(f"{text}\t{label}" for text, label in zip(TEXTS, LABELS))
    (tmp_path / "rows.tsv").write_text(rows, encoding="utf-8")
    mine = tmp_path / "mine"
    options = ("--model", base, "--epochs", 2, "--batch-size", 8, "--max-length", 16, "--quiet")
    said = json.loads(zhnlp("train", "conditional", tmp_path / "rows.tsv", "--out", mine, *options).stdout)
    assert said["labels"] == ["坏", "好"] and said["texts"] == 24
    assert ConditionalGenerator(mine).labels_ == {"label": ["坏", "好"]}
    asked = ("--model", folder, "--seed", 1, "--guidance", 1.5, "--max-new-tokens", 12)
    pipe = pipeline("text-generation", folder, condition="好", guidance=1.5, seed=1, max_new_tokens=12)
    for condition in ("好", "label=好"):
        assert zhnlp("generate", "", *asked, "--condition", condition).stdout == pipe("")["text"] + "\n"
    assert "Known: label" in refused("generate", "", *asked, "--condition", "中")
    assert "expected attribute=label" in refused(
        "generate", "", *asked, "--condition", "好", "--condition", "坏"
    )
    assert "knows no condition" in refused("generate", "电", "--model", base, "--condition", "好")
    assert torch.is_inference_mode_enabled() is False
