"""Fine-tuning of a causal model: it learns, resumes, loads anywhere; Adafactor's memory; LoRA.

Run: pytest tests/training/test_causal_fine_tuning.py
"""

import importlib.util

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from small_models import make_tokenizer, save_checkpoint
from transformers import TrainerCallback

from zhnlp import pipeline
from zhnlp.training.causal_fine_tuning import FineTuning, fine_tune, learning_rate_of
from zhnlp.training.packed_rows import PackedRows, collate_rows

TEXTS = ["今天天气很好", "变压器检修", "电网研究", "北京大学生"] * 8
QUICK = {"epochs": 4, "batch_size": 2, "length": 16}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    place = tmp_path_factory.mktemp("base")
    save_checkpoint(place, "gpt-neox", initializer_range=0.05)
    return place


def weights(folder):
    return load_file(folder / "model.safetensors")


@pytest.mark.parametrize("optimizer", ["adamw", "adafactor"])
def test_it_learns_the_text_and_loads_anywhere(base, tmp_path, optimizer):
    settings = FineTuning(optimizer, learning_rate=0.02, held_out_share=0, **QUICK)
    made = fine_tune(base, TEXTS, tmp_path / "out", settings, device="cpu", progress=False)
    assert made["documents"] == 32 and made["tokens"] == sum(len(text) + 2 for text in TEXTS)
    rows = (made["tokens"] + 15) // 16
    assert made["steps"] == 4 * ((rows + 1) // 2) and made["before"] is None
    pipe = pipeline("text-generation", tmp_path / "out", max_new_tokens=12, temperature=0, dtype="float32")
    assert pipe("变压", repetition_penalty=1.0)["text"] == "器检修"
    before, after = weights(base), weights(tmp_path / "out")
    assert before.keys() == after.keys() and made["trained"] == sum(one.numel() for one in before.values())
    again = fine_tune(base, TEXTS, tmp_path / "out", settings, device="cpu", progress=False)
    assert again == made and all(
        torch.equal(value, after[name]) for name, value in weights(tmp_path / "out").items()
    )


def test_held_out_documents_get_cheaper(base, tmp_path):
    texts = [f"今天天气很好，变压器检修{'电网' * (n % 7)}{'很好' * (n // 7)}" for n in range(42)]
    settings = FineTuning(learning_rate=0.01, held_out_share=0.2, **QUICK)
    made = fine_tune(base, texts, tmp_path / "out", settings, device="cpu", progress=False)
    assert 0 < made["documents"] < 42 and 0 < made["bits_per_character"] < made["before"] - 1
    with pytest.raises(ValueError, match=r"holds another training: epochs 4 → 5"):
        other = FineTuning(learning_rate=0.01, held_out_share=0.2, **{**QUICK, "epochs": 5})
        fine_tune(base, texts, tmp_path / "out", other, device="cpu", progress=False)
    with pytest.raises(ValueError, match=r"holds another training: text"):
        fine_tune(base, texts[1:], tmp_path / "out", settings, device="cpu", progress=False)


def test_a_broken_off_training_goes_on(base, tmp_path):
    """Bit for bit, with a head that lies under another name in the file (GPT-NeoX's embed_out)."""
    settings = FineTuning(held_out_share=0, learning_rate=0.01, **QUICK)
    whole = fine_tune(base, TEXTS, tmp_path / "whole", settings, device="cpu", progress=False)

    class Breaks(TrainerCallback):
        def on_step_begin(self, args, state, control, **kwargs):
            if state.epoch >= 2.2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fine_tune(base, TEXTS, tmp_path / "out", settings, device="cpu", progress=False, callbacks=[Breaks()])
    assert not (tmp_path / "out/model.safetensors").exists()
    resumed = fine_tune(base, TEXTS, tmp_path / "out", settings, device="cpu", progress=False)
    assert resumed["steps"] == whole["steps"]
    first, second = weights(tmp_path / "whole"), weights(tmp_path / "out")
    assert all(torch.equal(value, second[name]) for name, value in first.items())


def test_adafactor_keeps_rows_and_columns():
    """Of a matrix of 64 × 32 numbers 96, where Adam keeps 4,096."""
    from zhnlp.training.optimizers.by_name import optimizer_by_name

    sizes = {}
    for name in ("adafactor", "adamw"):
        layer = torch.nn.Linear(32, 64, bias=False)
        optimizer = optimizer_by_name(name, layer.parameters(), lr=0.01)
        layer(torch.ones(1, 32)).sum().backward()
        optimizer.step()
        state = optimizer.state[layer.weight]
        sizes[name] = sum(value.numel() for value in state.values() if value.numel() > 1)
    assert sizes == {"adafactor": 96, "adamw": 4096}


@given(st.lists(st.text("今天电网", max_size=9), min_size=1, max_size=9), st.integers(2, 12))
def test_rows_together_are_the_documents(documents, length):
    tokenizer = make_tokenizer(causal=True)
    if not any(documents):
        with pytest.raises(ValueError, match="no text to learn from"):
            PackedRows(documents, tokenizer, length)
        return
    rows = PackedRows(documents, tokenizer, length)
    wanted = [id for text in documents if text for id in [2, *tokenizer(text)["input_ids"][1:], 3]]
    ids = [id for number in range(len(rows)) for id in rows[number]["ids"].tolist()]
    assert ids in (wanted, wanted[:-1])  # a token alone has nothing to predict
    batch = collate_rows([rows[number] for number in range(len(rows))])
    assert int((batch["labels"] != -100).sum()) == int(batch["attention_mask"].sum()) == len(ids)


def test_refusals(base, tmp_path):
    for options, said in (
        ({"optimizer": "sgd"}, "optimizer='sgd' is not known: expected 'adamw' or 'adafactor'"),
        ({"epochs": 0}, "epochs=0"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"length": 1}, "length=1"),
        ({"held_out_share": 1}, "held_out_share=1"),
        ({"lora": 0}, "lora=0 is not possible"),
    ):
        with pytest.raises(ValueError, match=said):
            FineTuning(**options)
    with pytest.raises(ValueError, match="no text to learn from"):
        fine_tune(base, ["", " "], tmp_path / "out", device="cpu")
    assert learning_rate_of(FineTuning(learning_rate=0.3), 10) == 0.3


@pytest.mark.skipif(importlib.util.find_spec("peft") is not None, reason="peft is installed")
def test_without_peft_the_extra_is_named():
    with pytest.raises(ImportError, match=r"zhnlp\[lora\]"):
        FineTuning(lora=4)


@pytest.mark.slow
def test_lora_trains_few_weights_and_merges(base, tmp_path):
    pytest.importorskip("peft")
    settings = FineTuning(lora=4, learning_rate=0.03, held_out_share=0, **{**QUICK, "epochs": 12})
    made = fine_tune(base, TEXTS, tmp_path / "out", settings, device="cpu", progress=False)
    before, after = weights(base), weights(tmp_path / "out")
    assert before.keys() == after.keys() and made["trained"] < sum(one.numel() for one in before.values()) / 2
    assert (tmp_path / "out/adapter/adapter_model.safetensors").is_file()
    moved = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert moved and not any("embed" in name or "norm" in name or name.endswith("bias") for name in moved)
    pipe = pipeline("text-generation", tmp_path / "out", max_new_tokens=12, temperature=0, dtype="float32")
    assert pipe("变压", repetition_penalty=1.0)["text"] == "器检修"
