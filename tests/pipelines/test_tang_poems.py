"""The recipe of poems on a tiny model and verse of our own: read, split, trained, written, resumed, tabulated, refused.

Run: pytest tests/pipelines/test_tang_poems.py
"""

import json
import lzma
import random
import sys
from collections import Counter
from pathlib import Path

import pytest
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

from zhnlp.text import is_han
from zhnlp.tokenizers.checks import PROBE
from zhnlp.tokenizers.chinese import build_tokenizer, train_char_vocab

sys.path.insert(0, str(Path(__file__).parents[2] / "pipelines"))

import tang_poems
from tang_poem_set import FORMS, Poem, five_grams, read_poems, split
from tang_poem_training import poem_nats

OPEN = [
    "青山",
    "白云",
    "细雨",
    "古寺",
    "小桥",
    "远客",
    "孤舟",
    "晚风",
    "新月",
    "石径",
    "寒星",
    "老树",
    "渔火",
    "江水",
    "柳岸",
    "草堂",
]
VERBS = ["望", "过", "照", "问", "伴", "随", "入", "满", "隔", "绕"]
CLOSE = [
    "斜阳",
    "秋霜",
    "故乡",
    "兰香",
    "池塘",
    "画廊",
    "清江",
    "晨光",
    "远方",
    "草黄",
    "夜凉",
    "书房",
    "西窗",
    "茶汤",
    "长廊",
    "衣裳",
]
MIDDLE = ["依依", "渐渐", "轻轻", "遥遥"]


def verse_of_our_own(form, chance):
    ends = chance.sample(CLOSE, form.lines // 2)
    lines = []
    for number in range(form.lines):
        last = ends[number // 2] if number % 2 else chance.choice(OPEN)
        middle = chance.choice(MIDDLE) if form.length == 7 else ""
        lines.append(chance.choice(OPEN) + middle + chance.choice(VERBS) + last)
    return Poem(form, tuple(lines))


def poems(count=40):
    chance = random.Random(0)
    return [verse_of_our_own(form, chance) for _ in range(count) for form in FORMS]


def row(text, **more):
    return {
        "title": "无题",
        "author": "测试",
        "paragraphs": [one + "。" for one in text.split("。")[:-1]],
        **more,
    }


def write_rows(folder, rows):
    path = folder / tang_poems.FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with lzma.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(one, ensure_ascii=False) + "\n" for one in rows)
    return path


# --- the set -------------------------------------------------------------------------------------------------------


def test_poems_are_read_by_their_shape(tmp_path):
    five = "青山望白云，细雨过池塘。孤舟照渔火，晚风入书房。"
    rows = [
        row(five),
        row(five),
        row("青山望白雲，疎雨過池塘？孤舟照漁火；晚風入書房！"),  # old spellings, other marks
        row("青山望白云，细雨过池塘。"),
        row("青山望白云，细雨过斜阳塘。孤舟照渔火，晚风入书房。"),
        row("青山望白云，细雨过x塘。孤舟照渔火，晚风入书房。"),
        row("", paragraphs=None),
    ]
    rows[2]["paragraphs"] = ["青山望白雲，疎雨過池塘？", "孤舟照漁火；晚風入書房！"]
    counts = Counter()
    found = list(read_poems(write_rows(tmp_path, rows), counts))
    assert [poem.text for poem in found] == [five, five.replace("细", "疏")]
    assert counts == {"of another shape": 3, "with signs inside a line": 1, "there already": 1}
    assert {poem.form.name for poem in found} == {"五言绝句"}


def test_split_by_text_without_likes_of_train():
    every, counts = poems(), Counter()
    parts = split(every, is_known, counts)
    assert min(map(len, parts.values())) > 0 and counts["train"] == len(parts["train"])
    texts = {name: {poem.text for poem in part} for name, part in parts.items()}
    assert not texts["train"] & texts["valid"] and not texts["train"] & texts["test"]
    again = split(reversed(every), is_known, Counter())
    assert {name: {poem.text for poem in part} for name, part in again.items()} == texts
    known, counts = (lambda character: character != "青"), Counter()
    assert split(every, known, counts)["train"]
    assert counts["with a character that the model lacks"] == sum("青" in poem.text for poem in every)


def test_held_out_poems_like_one_of_train_are_left_out():
    every = poems()
    held = split(every, is_known, Counter())["test"][0]
    near = [Poem(held.form, (*held.lines[:-1], word + held.lines[-1][2:])) for word in OPEN]
    counts = Counter()
    parts = split([*every, *near], is_known, counts)
    assert any(poem in near for poem in parts["train"]) and held not in parts["test"]
    assert counts["held out, but like one of train"] > 0
    lines = {line for poem in parts["train"] for line in poem.lines}
    assert all(sum(line in lines for line in poem.lines) < poem.form.lines / 2 for poem in parts["test"])


def is_known(character):
    return is_han(character) or character in "，。"


@pytest.mark.parametrize("form", FORMS)
def test_a_form_knows_its_own(form):
    poem = verse_of_our_own(form, random.Random(1))
    assert [one for one in FORMS if one.holds(poem.text)] == [form] and tang_poems.rhymes(poem.text)
    assert len(list(five_grams(poem.text))) == form.lines * (form.length - 4)
    for wrong in (poem.text[:-1], poem.text + "。", poem.text[1:], poem.text.replace("，", "。", 1), ""):
        assert not form.holds(wrong)


def test_rhyme_is_of_all_even_lines_and_of_different_characters():
    assert tang_poems.rhymes("云，江。水，霜。") and not tang_poems.rhymes("云，江。水，山。")
    assert tang_poems.rhymes("云，山。水，还。")  # huán, its second reading
    assert not tang_poems.rhymes("云，江。水，江。") and not tang_poems.rhymes("")


# --- the recipe ----------------------------------------------------------------------------------------------------


@pytest.fixture
def recipe(tmp_path, monkeypatch, capsys):
    every = poems()
    write_rows(tmp_path / "data", [row(poem.text) for poem in every])
    seen = [PROBE * 2, *(poem.form.prompt + poem.text for poem in every)]
    vocabulary = train_char_vocab(seen, min_count=1, min_sign=1, latin_pieces=0)
    tokenizer = build_tokenizer(vocabulary, form="causal-lm", max_length=128)
    config = GPTNeoXConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=160,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    GPTNeoXForCausalLM(config).save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")

    def run(*options):
        given = ["--data", tmp_path / "data", "--work", tmp_path / "work", "--out", tmp_path / "out.jsonl"]
        given += [
            "--model",
            tmp_path / "model",
            "--samples",
            5,
            "--epochs",
            1,
            "--learning-rate",
            1e-3,
            *options,
        ]
        monkeypatch.setattr(sys, "argv", ["tang_poems.py", *map(str, given)])
        tang_poems.main()
        return capsys.readouterr().out

    run.out, run.work = tmp_path / "out.jsonl", tmp_path / "work"
    return run


@pytest.mark.slow
def test_run_resumed_and_tabulated(recipe):
    printed = recipe()
    lines = [json.loads(line) for line in recipe.out.read_text("utf-8").splitlines()]
    assert len(lines) == 3 + 3 * len(FORMS)
    costs = {line["key"]["system"]: line for line in lines[:3]}
    assert 1 < costs["trained"]["perplexity"] < costs["begin"]["perplexity"]
    assert 1 < costs["4-gram"]["perplexity"] < costs["begin"]["perplexity"]
    for line in lines[3:]:
        form = next(one for one in FORMS if one.name == line["key"]["form"])
        if line["key"]["row"] == "in form":
            assert line["exact"] == line["rhyme"] == 1 and line["texts"] == 5
            kept = (recipe.work / f"poems-{form.name}-in-form-0.txt").read_text("utf-8").splitlines()
            assert len(set(kept)) == 5 and all(map(form.holds, kept))
            assert all(max(Counter(text.replace("，", "").replace("。", "")).values()) <= 2 for text in kept)
        elif line["key"]["row"] == "free":
            assert line["exact"] < 1  # of a model that has learnt nothing
        elif line["texts"]:
            assert line["exact"] == line["rhyme"] == 1 and 0 < line["distinct_2"] <= 1
    assert "| all, in form | 100.0 | 100.0 |" in printed and "| 4-gram |" in printed
    assert recipe() == printed == recipe("--table")
    assert len(recipe.out.read_text("utf-8").splitlines()) == len(lines)
    assert not list(recipe.work.glob("*/training"))


def test_the_cost_of_a_poem_is_that_of_its_tokens_one_by_one(recipe, tmp_path):
    import torch

    model = GPTNeoXForCausalLM.from_pretrained(tmp_path / "model").eval()
    rows = [([2, 20, 21, 22, 3], 2), ([2, 30, 31, 3], 3)]
    for (ids, before), nats in zip(rows, poem_nats(model, rows)):
        with torch.inference_mode():
            said = model(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
        alone = -sum(said[at - 1, ids[at]].item() for at in range(before, len(ids)))
        assert nats == pytest.approx(alone, abs=1e-4)


@pytest.mark.parametrize("wrong", [["--samples", 0], ["--data", "nowhere"], ["--most", -1]])
def test_refusals(recipe, wrong):
    with pytest.raises(SystemExit) as left:
        recipe(*wrong)
    assert left.value.code == 2
