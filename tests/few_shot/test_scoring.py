"""Scores at the blank: by hand on three characters, no favour for short words, position-free, parity with transformers.

Run: pytest tests/few_shot/test_scoring.py
"""

from math import exp, log

import numpy as np
import pytest
import torch
from bag_models import BagModel, bag_tokenizer
from hypothesis import given
from hypothesis import strategies as st
from small_models import make_model, make_tokenizer

from zhnlp.few_shot.scoring import label_scores, masked_word_scores
from zhnlp.few_shot.template import Template
from zhnlp.few_shot.verbalizer import Verbalizer

TOKENIZER = bag_tokenizer("好差人")


def scores(model, source, texts, labels, tokenizer=TOKENIZER, **options):
    """Word scores (N, W) and class scores (N, C)."""
    verbalizer = Verbalizer(labels, tokenizer)
    examples = [{"text": text} for text in texts]
    options = {"limit": 60, **options}
    words = masked_word_scores(model, tokenizer, Template(source), examples, verbalizer, **options)
    return words, label_scores(words, verbalizer.owners, len(verbalizer.classes))


def test_three_characters_by_hand():
    model = BagModel(TOKENIZER, {"好": 2.0, "差": 1.0}, votes={"人": {"差": 0.5}})
    words, classes = scores(model, "{text}{mask}", ["", "人人"], {0: ["差", "人"], 1: "好"})
    total = log(exp(2) + exp(1) + 6)  # 人 and the five special tokens have logit 0
    assert words[0] == pytest.approx([1 - total, 0 - total, 2 - total], rel=1e-6)
    assert classes[0] == pytest.approx([log((exp(1) + 1) / 2) - total, 2 - total], rel=1e-6)
    total = log(exp(2) + exp(2) + 6)
    assert classes[1] == pytest.approx([log((exp(2) + 1) / 2) - total, 2 - total], rel=1e-6)


def test_a_word_of_two_characters_by_hand():
    model = BagModel(TOKENIZER, {"好": 2.0, "差": 1.0})
    total = log(exp(2) + exp(1) + 6)
    for norm, parts in (("mean", 2), ("sum", 1)):
        words, _ = scores(model, "{text}{mask}", ["人"], {0: "好差", 1: "人"}, length_norm=norm)
        assert words[0] == pytest.approx([(2 + 1 - 2 * total) / parts, -total], rel=1e-6)


def test_unequal_lengths_do_not_favour_the_short():
    """All characters are alike, so a word of one, two or three is as likely; by their sum the short one would win."""
    model = BagModel(TOKENIZER, {})
    labels = {0: "好", 1: "好差", 2: "差好人"}
    _, classes = scores(model, "{text}{mask}", ["人", ""], labels)
    assert classes == pytest.approx(np.full((2, 3), -log(8)), rel=1e-6)
    _, classes = scores(model, "{text}{mask}", ["人"], labels, length_norm="sum")
    assert classes[0].argmax() == 0


def test_a_position_free_model_scores_a_template_alike_wherever_it_stands():
    torch.manual_seed(0)
    model = BagModel(TOKENIZER, {})
    torch.nn.init.normal_(model.votes.weight)
    labels = {0: "好", 1: ["差", "差人"]}
    sources = ["人{mask}{text}", "{text}人{mask}", "{mask}{text}人", "人{text}{mask}"]
    found = [scores(model, source, ["好人好", ""], labels)[0] for source in sources]
    for other in found[1:]:
        assert other == pytest.approx(found[0], rel=1e-5)


def test_a_bert_without_positions_scores_a_template_alike_wherever_it_stands():
    model, tokenizer = make_model("bert"), make_tokenizer()
    torch.nn.init.zeros_(model.bert.embeddings.position_embeddings.weight)
    labels = {0: "好", 1: "变压"}
    sources = ["很{mask}，{text}", "{text}，很{mask}", "，{text}很{mask}"]
    found = [scores(model, source, ["今天天气"], labels, tokenizer)[0] for source in sources]
    assert np.ptp(found[0]) > 0.1
    for other in found[1:]:
        assert other == pytest.approx(found[0], rel=1e-4)


@pytest.mark.parametrize("kind", ["bert", "roformer"])
def test_scores_are_those_of_transformers(kind):
    model, tokenizer = make_model(kind), make_tokenizer()
    words, _ = scores(model, "很{mask}！{text}", ["变压器检修，"], {0: "好", 1: "气网"}, tokenizer)
    for column, word in enumerate(["好", "气网"]):
        encoded = tokenizer(f"很{'[MASK]' * len(word)}！变压器检修，", return_tensors="pt")
        with torch.no_grad():
            chances = model(**encoded).logits.log_softmax(-1)[encoded["input_ids"] == tokenizer.mask_token_id]
        ids = tokenizer.convert_tokens_to_ids(list(word))
        wanted = np.mean([chances[place, token].item() for place, token in enumerate(ids)])
        assert words[0, column] == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("kind", ["bert", "roformer"])
def test_many_texts_are_scored_as_each_alone_and_batches_do_not_matter(kind):
    model, tokenizer = make_model(kind), make_tokenizer()
    texts = ["变压器" * (number % 7) for number in range(20)]
    labels = {0: ["好", "很好"], 1: "断路器"}
    together, _ = scores(model, "{text}，{mask}。", texts, labels, tokenizer, limit=20)
    small, _ = scores(model, "{text}，{mask}。", texts, labels, tokenizer, limit=20, token_budget=40)
    alone = [scores(model, "{text}，{mask}。", [text], labels, tokenizer, limit=20)[0][0] for text in texts]
    assert together == pytest.approx(np.array(alone), rel=1e-4)
    assert together == pytest.approx(small, rel=1e-4)


def test_a_long_text_is_cut_alike_for_words_of_every_length():
    """Of 人人人人人好 the words 差 and 差差差 see the same four characters, none of them 好."""
    model = BagModel(TOKENIZER, {}, votes={"好": {"差": 9.0}})
    words, _ = scores(model, "{text}{mask}", ["人人人人好"], {0: "差", 1: "差差差"}, limit=9)
    assert words[0, 0] == pytest.approx(-log(8)) and words[0, 1] == pytest.approx(-log(8))
    words, _ = scores(model, "{text}{mask}", ["人人人人好"], {0: "差", 1: "差差差"}, limit=10)
    assert words[0, 0] == pytest.approx(words[0, 1]) and words[0, 0] > -0.1


def test_soft_rows_stand_in_for_embeddings():
    model = BagModel(TOKENIZER, {"差": 1.0})
    rows = torch.zeros(2, 8)
    rows[0, 5], rows[1, 6] = 3.0, 1.0  # the first says 好, the second 差
    words, _ = scores(model, "{soft}{text}{soft}{mask}", ["人", ""], {0: "好", 1: "差"}, soft_rows=rows)
    total = log(exp(3) + exp(2) + 6)
    assert words == pytest.approx(np.array([[3 - total, 2 - total]] * 2), rel=1e-6)


@given(st.lists(st.lists(st.floats(-9, 0), min_size=5, max_size=5), min_size=1, max_size=4))
def test_a_class_lies_between_its_words(rows):
    words = np.array(rows)
    owners = np.array([0, 1, 1, 2, 2])
    found = label_scores(words, owners, 3)
    for number in range(3):
        own = words[:, owners == number]
        assert (own.min(1) - 1e-9 <= found[:, number]).all() and (found[:, number] <= own.max(1) + 1e-9).all()
        assert np.exp(found[:, number]) == pytest.approx(np.exp(own).mean(1), rel=1e-6)


@pytest.mark.gpu
def test_a_gpu_scores_as_a_processor_does():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    tokenizer, rows = make_tokenizer(), torch.linspace(-1, 1, 64).view(2, 32)
    found = [
        scores(
            make_model("roformer").to(device),
            "{soft:2}{text}{mask}",
            ["电网", "变压器"],
            {0: "好", 1: "天气"},
            tokenizer,
            soft_rows=rows,
        )[0]
        for device in ("cpu", "cuda")
    ]
    assert found[1] == pytest.approx(found[0], rel=1e-3)


def test_a_broken_model_is_refused():
    model = BagModel(TOKENIZER, {"好": float("nan")})
    with pytest.raises(ValueError, match=r"BagModel gives nan or infinite logits.*dtype='float32'"):
        scores(model, "{text}{mask}", ["人"], {0: "好", 1: "差"})
