"""Likelihoods of a causal model: by hand, and as transformers' own loss has them.

Run: pytest tests/few_shot/test_causal.py
"""

from math import exp, log

import numpy as np
import pytest
import torch
from bag_models import BagModel, bag_tokenizer
from small_models import make_model, make_tokenizer

from zhnlp.few_shot import PromptClassifier
from zhnlp.few_shot.causal import causal_word_scores
from zhnlp.few_shot.template import Template
from zhnlp.few_shot.verbalizer import Verbalizer


def scores(model, tokenizer, source, texts, labels, **options):
    verbalizer = Verbalizer(labels, tokenizer)
    examples = [{"text": text} for text in texts]
    options = {"limit": 60, **options}
    return causal_word_scores(model, tokenizer, Template(source), examples, verbalizer, **options)


def test_a_word_and_what_follows_by_hand():
    """Nothing depends on the text here: 好 has logit 1, the seven others 0; 人 and [SEP] follow the word."""
    tokenizer = bag_tokenizer("好差人")
    model = BagModel(tokenizer, {"好": 1.0})
    good, other = 1 - log(exp(1) + 7), -log(exp(1) + 7)
    for norm, parts in (("mean", 2), ("sum", 1)):
        found = scores(model, tokenizer, "{text}{mask}人", ["差"], {0: "好", 1: "好差"}, length_norm=norm)
        assert found[0] == pytest.approx([good + 2 * other, (good + other) / parts + 2 * other], rel=1e-6)


@pytest.mark.parametrize(("source", "behind"), [("{text}{mask}{soft:2}", 1), ("{text}{mask}{soft:2}人", 2)])
def test_soft_tokens_behind_the_blank_are_read_and_not_scored(source, behind):
    """By hand: the two soft tokens stand for no word, so only 人 and [SEP] count beside 好 or 好差."""
    tokenizer = bag_tokenizer("好差人")
    model = BagModel(tokenizer, {"好": 1.0})
    good, other = 1 - log(exp(1) + 7), -log(exp(1) + 7)
    found = scores(model, tokenizer, source, ["差"], {0: "好", 1: "好差"}, length_norm="sum")
    assert found[0] == pytest.approx([good + behind * other, good + (1 + behind) * other], rel=1e-6)


@pytest.mark.parametrize("kind", ["gpt-neox", "llama", "gpt2"])
@pytest.mark.parametrize("source", ["{text}，{mask}", "{text}，{mask}。", "很{mask}，{text}。"])
def test_likelihoods_are_those_of_transformers(kind, source):
    model, tokenizer = make_model(kind), make_tokenizer(causal=True)
    texts = ["变压器检修", "电"]
    words = ["好", "气网", "天"]
    found = scores(model, tokenizer, source, texts, dict(enumerate(words)), length_norm="sum")
    for row, text in enumerate(texts):
        for column, word in enumerate(words):
            ids = tokenizer(source.format(text=text, mask=word), return_tensors="pt")["input_ids"]
            before = len(tokenizer(source.split("{mask}")[0].format(text=text))["input_ids"])
            labels = ids.clone()
            labels[:, :before] = -100
            with torch.no_grad():
                loss = model(ids, labels=labels).loss.item()
            assert found[row, column] == pytest.approx(-loss * (ids.shape[1] - before), rel=1e-4)


def test_many_texts_are_scored_as_each_alone():
    model, tokenizer = make_model("gpt-neox"), make_tokenizer(causal=True)
    texts = ["变压器" * (number % 5) for number in range(9)]
    labels = {0: ["好", "很好"], 1: "断路器"}
    options = {"limit": 18}
    together = scores(model, tokenizer, "{text}很{mask}。", texts, labels, token_budget=40, **options)
    alone = [scores(model, tokenizer, "{text}很{mask}。", [text], labels, **options)[0] for text in texts]
    assert together == pytest.approx(np.array(alone), rel=1e-4)


def test_words_of_one_token_that_end_a_text_are_read_once():
    model, tokenizer = make_model("gpt-neox"), make_tokenizer(causal=True)
    calls = []
    model.register_forward_hook(lambda *_: calls.append(1))
    scores(model, tokenizer, "{text}，{mask}", ["电"] * 3, dict(enumerate("今天气很好")))
    assert len(calls) == 1
    scores(model, tokenizer, "{text}，{mask}。", ["电"] * 3, dict(enumerate("今天气很好")))
    assert len(calls) == 1 + 5


def test_a_blank_that_comes_first_needs_a_begin_token():
    model, tokenizer = make_model("gpt2"), make_tokenizer(causal=True)
    assert np.isfinite(scores(model, tokenizer, "{mask}，{text}", ["电"], {0: "好", 1: "气"})).all()
    tokenizer.backend_tokenizer.post_processor = None
    with pytest.raises(ValueError, match=r"the blank comes first.*put a word before {mask}"):
        scores(model, tokenizer, "{mask}，{text}", ["电"], {0: "好", 1: "气"})


def test_the_shipped_causal_model_chooses_by_what_follows_too():
    chooser = PromptClassifier("{text_a}{mask}{text_b}", model="zhnlp-gpt-small", device="cpu")
    assert chooser.network_.causal
    pairs = [("中华人民共和", "成立了"), ("他家的", "汪汪地叫"), ("下雨了，快打", "，别淋湿了。")]
    words = [["国", "水"], ["狗", "猫"], ["伞", "电话"]]
    assert chooser.choose(pairs, words).picked == [0, 0, 0]
