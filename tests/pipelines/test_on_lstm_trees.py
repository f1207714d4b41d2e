"""The recipe of post 6621 on a few documents and sentences of our own: run, resumed, tabulated, refused.

Run: pytest tests/pipelines/test_on_lstm_trees.py
"""

import json
import lzma
import runpy
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_models import make_tokenizer

sys.path.insert(0, str(Path(__file__).parents[2] / "pipelines"))

import on_lstm_jobs

from zhnlp.models.on_lstm_lm import ONLSTMConfig, ONLSTMForCausalLM

ROOT = Path(__file__).parents[2]
SENTENCE = [
    ("北京", "PROPN", 2),
    ("天气", "NOUN", 4),
    ("很", "ADV", 4),
    ("好", "ADJ", 0),
    ("。", "PUNCT", 4),
]


def conllu(sentence, times):
    rows = [
        "\t".join([str(number), word, "_", tag, "_", "_", str(head), "_", "_", "_"])
        for number, (word, tag, head) in enumerate(sentence, start=1)
    ]
    return "\n".join(["# 一", *rows, "", ""]) * times + "\n"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for name in on_lstm_jobs.TEXTS:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        with lzma.open(path, "wt", encoding="utf-8") as file:
            for number in range(400):
                file.write(f"第{number}天北京天气很好。\n大学生研究电网{number % 7}。\n\n")
    for part, name in on_lstm_jobs.TREES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(conllu(SENTENCE, 3 if part == "dev" else 2), encoding="utf-8")
    return folder


@pytest.fixture
def recipe(monkeypatch, capsys):
    """Run the recipe in this process as the command line would; what it prints."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["on_lstm_trees.py", *map(str, arguments)])
        runpy.run_path(str(ROOT / "pipelines/on_lstm_trees.py"), run_name="__main__")
        return capsys.readouterr().out

    return run


@pytest.mark.slow
def test_both_networks_are_trained_once_and_tabulated(recipe, data, tmp_path):
    out = tmp_path / "trees.jsonl"
    arguments = ["--data", data, "--out", out, "--work", tmp_path / "work", "--characters", 1000]
    arguments += [
        "--hidden",
        8,
        "--levels",
        4,
        "--layers",
        2,
        "--epochs",
        1,
        "--rows",
        4,
        "--length",
        16,
        "--seeds",
        0,
        1,
    ]
    printed = recipe(*arguments)
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    systems = [line["key"]["system"] for line in lines]
    assert systems == ["left", "right", "random", "on-lstm", "lstm", "on-lstm", "lstm"]
    trained = [line for line in lines if "perplexity" in line]
    assert all(1 < line["perplexity"] < 1e4 and line["read_characters"] <= 1000 for line in trained)
    assert [line["key"]["levels"] for line in trained] == [4, 1, 4, 1]
    assert set(trained[0]["trees"]) == {
        f"{part} {method} {layer}"
        for part in ("dev", "test")
        for method in ("unbiased", "post")
        for layer in (0, 1)
    }
    # gold over 北京 天气 很 好: (0, 2) alone
    rule = {line["key"]["system"]: line["trees"]["dev"] for line in lines[:3]}
    assert rule["left"]["f1"] == pytest.approx(2 / 3) and rule["right"]["f1"] == 0
    assert rule["left"]["best_f1"] == pytest.approx(2 / 3) and rule["left"]["sentences"] == 3
    assert 0 < rule["random"]["f1"] < 2 / 3
    assert "| left | 66.7 | 66.7 |" in printed and "| lstm |" in printed and printed.count(" ± ") == 8
    assert printed.count("(best on dev)") == 2
    before = out.read_bytes()
    assert recipe(*arguments) == printed and recipe(*arguments, "--table") == printed
    assert out.read_bytes() == before


def test_missing_data_is_named(recipe, tmp_path, capsys):
    with pytest.raises(SystemExit) as left:
        recipe("--data", tmp_path, "--out", tmp_path / "a.jsonl")
    assert left.value.code == 2
    assert "Pass --data FOLDER or set ZHNLP_DATA" in capsys.readouterr().err


@given(st.lists(st.text("一二三", min_size=1, max_size=9), max_size=9), st.integers(1, 40), st.randoms())
def test_the_same_documents_are_chosen_in_any_order(documents, characters, draw):
    found = []
    for _ in range(2):
        chosen = on_lstm_jobs.Chosen(characters)
        for document in documents:
            chosen.add(document)
        found.append(chosen.documents())
        draw.shuffle(documents)
    assert found[0] == found[1]
    assert sum(map(len, found[0])) == min(characters, sum(map(len, documents)))


def test_words_begin_in_the_tokens_of_their_first_characters():
    tokenizer = make_tokenizer(causal=True)
    for words in (["北京", "天气"], ["iphone", "15", "很", "好"], ["好", " ", "天气"]):
        encoded = tokenizer("".join(words), add_special_tokens=False, return_offsets_mapping=True)
        offsets = encoded["offset_mapping"]
        places, begin = on_lstm_jobs.first_tokens(words, offsets), 0
        for word, place in zip(words, places):
            start, end = offsets[place]
            assert start <= begin < end or (not word.strip() and start == begin + 1)
            begin += len(word)


def test_the_distance_of_a_word_is_that_before_its_first_character():
    tokenizer = make_tokenizer(causal=True)
    model = ONLSTMForCausalLM(
        ONLSTMConfig(vocab_size=len(tokenizer), hidden_size=8, num_layers=2, levels=4)
    ).eval()
    ids = tokenizer("北京天气很好", add_special_tokens=False, return_tensors="pt")["input_ids"]
    whole = model(torch.cat((torch.tensor([[tokenizer.cls_token_id]]), ids), 1)).distances[0].detach()
    with torch.inference_mode():
        found = on_lstm_jobs.distances_of(model, tokenizer, ["北京", "天气", "很", "好"])
    assert found.shape == (2, 4)
    assert found.tolist() == whole[:, [1, 3, 5, 6]].double().numpy().tolist()
