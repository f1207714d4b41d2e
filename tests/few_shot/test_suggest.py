"""`suggest_templates`: the numbers by hand and against the classifier, found words, sets of words, refusals.

Run: pytest tests/few_shot/test_suggest.py
"""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_models import make_model, make_tokenizer

from zhnlp import tokenizers
from zhnlp.few_shot import PromptClassifier, Template, suggest_templates
from zhnlp.few_shot.label_words import chinese_tokens, find_words
from zhnlp.few_shot.template_families import FAMILIES, families_for, word_sets
from zhnlp.few_shot.template_ranking import agreement_of, row_of

REVIEWS = Path(__file__).parents[2] / "corpora/reviews"
TEXTS = (REVIEWS / "unlabelled.txt").read_text("utf-8").splitlines()
TEMPLATES = ["{text}。总之，很{mask}。", "感觉很{mask}。{text}", "{text}。服务很{mask}。", "{text}{mask}"]
WORDS = {"正面": ["喜欢", "好"], "负面": ["讨厌"]}
WORDS_SMALL = {"正面": ["好"], "负面": ["不"]}  # of the small models


@pytest.fixture(scope="module")
def found():
    return suggest_templates(WORDS, TEXTS, templates=TEMPLATES, find=4, top_k=None, dtype="float32", words=[])


# --- numbers ---------------------------------------------------------------------------------------------------


def test_agreement_by_hand():
    """Three templates: two say the same on another scale, the third the contrary; each is held against the two others."""
    one = np.array([[1.0, -1.0], [-1.0, 1.0]])
    assert agreement_of(np.stack([one, 3 * one, -one]), 3) == [0.0, 0.0, -1.0]
    assert agreement_of(np.stack([one, one]), 2) == [None, None]


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10), st.floats(-5, 5))
def test_agreement_knows_neither_scale_nor_what_labels_share(seed, scale, shift):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(6, 5, 3))  # two sets of words, three templates
    scores -= scores.mean(1, keepdims=True)
    changed = scores.copy()
    changed[4] = scale * changed[4]
    shared = rng.normal(size=(1, 5, 1)) * shift
    expected = agreement_of(scores, 3)
    assert agreement_of(changed, 3) == pytest.approx(expected)
    assert agreement_of(scores + shared, 3) == pytest.approx(expected)
    assert all(-1 - 1e-9 <= value <= 1 + 1e-9 for value in expected)


def test_information_confidence_and_balance_by_hand():
    scores = np.log([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]])
    row = row_of("t", "given", {"正": ["好"], "负": ["坏"]}, ["甲", "乙", "丙", "丁"], scores, 0.5)

    def entropy(p):
        return -p * math.log(p) - (1 - p) * math.log(1 - p)

    conditional = sum(map(entropy, (0.9, 0.2, 0.6, 0.7))) / 4
    assert row["mutual_information"] == pytest.approx(entropy(0.6) - conditional)
    assert row["confidence"] == pytest.approx((0.9 + 0.8 + 0.6 + 0.7) / 4)
    assert row["balance"] == pytest.approx(entropy(0.75) / math.log(2))
    assert row["shares"] == {"正": 0.75, "负": 0.25} and row["examples"] == {"正": "甲", "负": "乙"}


def test_each_row_is_what_a_classifier_says(found):
    for row in found[::3]:
        classifier = PromptClassifier(
            row["template"], row["labels"], calibration="batch", dtype="float32", max_length=128
        )
        chances = classifier.predict_proba(TEXTS)
        labels = classifier.classes_.tolist()
        share = dict(zip(labels, np.bincount(chances.argmax(1), minlength=2) / len(TEXTS)))
        assert share == pytest.approx(row["shares"])
        assert chances.max(1).mean() == pytest.approx(row["confidence"], abs=1e-4)
        for label, text in row["examples"].items():
            assert text == TEXTS[int(chances[:, labels.index(label)].argmax())]


def test_rows_are_ranked_and_plain(found):
    agreements = [row["agreement"] for row in found]
    assert agreements == sorted(agreements, reverse=True) and len(found) == 2 * len(TEMPLATES)
    assert {row["template"] for row in found} == set(TEMPLATES)
    assert {row["words"] for row in found} == {"given", "found 4"}
    assert json.loads(json.dumps(found, ensure_ascii=False)) == list(found)
    by_information = suggest_templates(
        WORDS, TEXTS, templates=TEMPLATES, find=0, top_k=2, rank_by="mutual-information", words=[]
    )
    informations = [row["mutual_information"] for row in by_information]
    assert len(informations) == 2 and informations[0] >= informations[1]


def test_the_table_says_what_the_best_one_predicts(found):
    lines = str(found).splitlines()
    assert lines[0].split() == ["agreement", "information", "confidence", "balance", "words", "template"]
    assert lines[1].endswith(found[0]["template"]) and f"{found[0]['agreement']:.3f}" in lines[1]
    assert f"ranked by agreement over {len(TEXTS)} texts" in str(found)
    assert sum(any(text[:10] in line for text in TEXTS) for line in lines) == 2


def test_a_classifier_of_the_best(found):
    classifier = found.classifier(top=2, calibration="batch")
    assert classifier.labels == found[0]["labels"] and classifier.template[0] == found[0]["template"]
    assert len(classifier.template) == 2 and classifier.predict(TEXTS[:3]).shape == (3,)
    assert isinstance(found.classifier(top=1).template, str)
    with pytest.raises(ValueError, match="top=0 of 8 suggestions"):
        found.classifier(top=0)


def test_the_same_again(found):
    again = suggest_templates(
        WORDS, TEXTS, templates=TEMPLATES, find=4, top_k=None, dtype="float32", words=[]
    )
    assert list(again) == list(found)
    drawn = [
        suggest_templates(WORDS, iter(TEXTS), templates=TEMPLATES, find=0, sample=9, random_state=seed)
        for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2] and drawn[0].texts == 9


# --- words -----------------------------------------------------------------------------------------------------


def test_found_words_go_with_their_label(found):
    labels = next(row["labels"] for row in found if row["words"] == "found 4")
    assert all(len(words) == 4 for words in labels.values())
    assert not set(labels["正面"]) & set(labels["负面"])
    assert set(labels["正面"]) & set("欢爱喜乐美") and not set(labels["负面"]) & set("欢爱喜乐美好")


def test_rare_tokens_are_never_found(monkeypatch):
    from zhnlp.few_shot import label_words

    monkeypatch.setattr(label_words, "COMMON", 2)
    called = {"好": np.array([1.0, 0.0, 9.0]), "坏": np.array([0.0, 1.0, 0.0])}
    usual = np.array([-1.0, -2.0, -3.0])
    assert find_words({"正": ["好"], "负": ["坏"]}, ["甲", "乙", "丙"], called, usual, 2) == {
        "正": ["甲"],
        "负": ["乙"],
    }


def test_chinese_tokens_are_single_tokens():
    for tokenizer in (make_tokenizer(), tokenizers.load("zhnlp-mlm-small")):
        tokens = chinese_tokens(tokenizer)
        assert len(tokens) > 100 and "的" in tokens
        assert all(
            len(tokenizer(token, add_special_tokens=False)["input_ids"]) == 1 for token in tokens[::50]
        )


def test_sets_of_words():
    assert list(word_sets({"体育": ["体育"], "财经": ["财经"]})) == ["given"]
    sets = word_sets({"差评": ["差"], "好评": ["好"]})
    assert sets["喜欢/讨厌"] == {"差评": ["讨厌"], "好评": ["喜欢"]}
    more = suggest_templates(
        ["正面", "负面"],
        TEXTS[:6],
        templates=TEMPLATES,
        find=0,
        words=[{"负面": ["糟"], "正面": ["美"]}],
        top_k=None,
    )
    assert {row["words"] for row in more} == {"given", "words 1"}
    assert more[0]["labels"].keys() == {"正面", "负面"}


def test_every_family_is_made_of_templates():
    for name, templates in FAMILIES.items():
        fields = {tuple(sorted(Template(one).fields)) for one in templates}
        assert fields == {("text_a", "text_b") if name == "pair" else ("text",)}
        assert len(set(templates)) == len(templates) >= 3
    assert families_for(["是", "不"], pairs=True) == ("pair",)


def test_pairs_and_causal_models_find_no_words():
    pairs = [("今天天气", "天气很好"), ("电网", "大学"), ("你们", "我们")]
    rows = suggest_templates(["是", "不"], pairs, model=make_model("bert"), tokenizer=make_tokenizer())
    assert {row["words"] for row in rows} == {"given"} and rows[0]["template"] in FAMILIES["pair"]
    causal = suggest_templates(
        ["好", "不"],
        ["今天天气", "电网", "大学"],
        templates="general",
        model=make_model("gpt2"),
        tokenizer=make_tokenizer(causal=True),
    )
    assert {row["words"] for row in causal} == {"given"}


# --- refusals --------------------------------------------------------------------------------------------------


def test_two_templates_are_ranked_by_information():
    with pytest.warns(UserWarning, match="2 templates are too few to agree: ranked by mutual information"):
        rows = suggest_templates(WORDS, TEXTS[:5], templates=TEMPLATES[:2], find=0)
    assert rows[0]["agreement"] is None and rows.ranked_by == "mutual information"
    assert "      –  " in str(rows)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rank_by": "accuracy"}, "rank_by='accuracy' is not known"),
        ({"find": -1}, "find=-1 is not possible"),
        ({"sample": 1}, "sample=1 is not possible"),
        ({"top_k": 0}, "top_k=0 is not possible"),
        ({"templates": "news"}, "templates='news' is no family: expected one of 'sentiment'"),
        ({"templates": ["{text}{label}{mask}"]}, r"has \{label\} or \{soft\}"),
        ({"words": [{"正面": ["好"], "中性": ["可"]}]}, "words has the labels"),
        ({"labels": {"正面": ["㐂"], "负面": ["差"]}}, "cannot be written"),
        ({"unlabelled": ["好"]}, "unlabelled has 1 text"),
    ],
)
def test_refusals(options, said):
    given = {"labels": WORDS, "unlabelled": TEXTS[:4], "templates": TEMPLATES, **options}
    with pytest.raises(ValueError, match=said):
        suggest_templates(given.pop("labels"), given.pop("unlabelled"), **given)


def test_one_text_is_no_list():
    with pytest.raises(TypeError, match="unlabelled is str"):
        suggest_templates(WORDS, "好")


def test_one_label_is_refused_with_the_example():
    with pytest.raises(ValueError, match="every text would read '今天天气不错。总之，很好。'"):
        suggest_templates({"正面": ["好"]}, TEXTS)


@pytest.mark.parametrize("rank_by", ["confidence", "balance", "mutual-information"])
def test_rows_are_ranked_by_what_was_asked_for(rank_by):
    parts = {"model": make_model("bert"), "tokenizer": make_tokenizer(), "find": 0, "words": []}
    texts = [f"今天{n}电网" for n in range(60)]
    rows = suggest_templates(WORDS_SMALL, texts, templates=TEMPLATES, rank_by=rank_by, **parts)
    values = [row[rank_by.replace("-", "_")] for row in rows]
    assert values == sorted(values, reverse=True) and rows.ranked_by == rank_by.replace("-", " ")


def test_few_texts_are_said_and_what_is_no_text_is_refused():
    parts = {"model": make_model("bert"), "tokenizer": make_tokenizer(), "find": 0, "words": []}
    with pytest.warns(
        UserWarning, match="unlabelled has 1 distinct text: the order of the templates is mostly"
    ):
        rows = suggest_templates(WORDS_SMALL, ["好", "好"], templates=TEMPLATES, **parts)
    assert "-0.000" not in str(rows)
    for wrong in ([None, "好"], ["好", None]):
        with pytest.warns(UserWarning), pytest.raises(TypeError, match=r"item \d is None .* expected a str"):
            suggest_templates(WORDS_SMALL, wrong, **parts)
