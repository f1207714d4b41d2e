"""Choice among candidates of each text: by hand, of unequal lengths, calibrated, masked and causal.

Run: pytest tests/few_shot/test_choice.py
"""

import numpy as np
import pytest
from small_models import make_model, make_tokenizer

from zhnlp.few_shot import PromptClassifier
from zhnlp.few_shot.calibration import NEUTRAL

TEXTS = ["今天天气", "变压器检修" * 30, ""]
CANDIDATES = [["好", "很好", "变压器"], ["断路", "大学"], ["网", "电网", "气", "北京大学"]]


def make(kind="bert", template="{text}，{mask}。", **changes):
    causal = kind == "gpt-neox"
    parts = {
        "model": make_model(kind),
        "tokenizer": make_tokenizer(causal),
        "dtype": "float32",
        "max_length": 60,
    }
    return PromptClassifier(template, **{**parts, "calibration": "none", **changes})


@pytest.mark.parametrize("kind", ["bert", "gpt-neox"])
@pytest.mark.parametrize("norm", ["mean", "sum"])
def test_candidates_are_scored_as_label_words_are(kind, norm):
    found = make(kind, length_norm=norm).choose(TEXTS, CANDIDATES)
    for text, words, scores, picked in zip(TEXTS, CANDIDATES, found.scores, found.picked):
        labels = dict(enumerate(words))
        wanted = make(kind, labels=labels, length_norm=norm).class_scores([text])[0]
        assert scores == pytest.approx(wanted, rel=1e-4) and picked == wanted.argmax()


def test_a_label_template_takes_the_candidates_as_descriptions():
    template = "{text}是{label}，{mask}。"
    found = make(template=template, entailment_words=("很", "究")).choose(TEXTS, CANDIDATES)
    for text, words, scores in zip(TEXTS, CANDIDATES, found.scores):
        labels = dict(enumerate(words))
        wanted = make(template=template, labels=labels, entailment_words=("很", "究")).class_scores([text])[0]
        assert scores == pytest.approx(wanted, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("kind", ["bert", "gpt-neox"])
def test_what_the_model_says_of_a_candidate_anyway_is_taken_off(kind):
    raw = make(kind).choose(TEXTS, CANDIDATES).scores
    words = sorted({word for row in CANDIDATES for word in row})
    neutral = np.mean(make(kind).choose(list(NEUTRAL), [words] * len(NEUTRAL)).scores, axis=0)
    prior = dict(zip(words, neutral))
    for calibration in ("auto", "content-free"):
        found = make(kind, calibration=calibration).choose(TEXTS, CANDIDATES).scores
        for before, after, row in zip(raw, found, CANDIDATES):
            assert after == pytest.approx(before - [prior[word] for word in row], rel=1e-3, abs=1e-4)


def test_an_ensemble_is_the_mean():
    both = make(template=["{text}，{mask}。", "很{mask}！{text}"]).choose(TEXTS, CANDIDATES).scores
    alone = [
        make(template=one).choose(TEXTS, CANDIDATES).scores
        for one in ("{text}，{mask}。", "很{mask}！{text}")
    ]
    for found, *parts in zip(both, *alone):
        assert found == pytest.approx(np.mean(parts, axis=0), rel=1e-4)


def test_one_text_gives_what_many_give():
    chooser = make(calibration="auto")
    together = chooser.choose(TEXTS, CANDIDATES).scores
    for text, row, scores in zip(TEXTS, CANDIDATES, together):
        assert chooser.choose([text], [row]).scores[0] == pytest.approx(scores, rel=1e-3, abs=1e-4)
    assert chooser.choose([], []) == ([], [])


def test_the_shipped_model_fills_gaps():
    chooser = PromptClassifier("{text_a:end}{mask}{text_b}", device="cpu")
    pairs = [
        ("中华人民共和", "成立了"),
        ("下雨了，快打", "，别淋湿了。"),
        ("春天来了，", "都开了，红的粉的，很香。"),
    ]
    assert chooser.choose(pairs, [["国", "水"], ["电话", "伞"], ["商店", "花儿"]]).picked == [0, 1, 1]


def test_characters_outside_the_vocabulary_are_said():
    with pytest.warns(UserWarning, match=r"1 of 3 candidates .* such as '龘气': they are scored as \[UNK\]"):
        found = make(calibration="auto").choose(["电", "网"], [["好", "龘气"], ["好", "气"]])
    assert all(np.isfinite(row).all() for row in found.scores)


@pytest.mark.parametrize(
    ("candidates", "error", "message"),
    [
        ([["好", "气"]], ValueError, "got 2 texts and 1 lists of candidates"),
        ([["好", "气"], ["好"]], ValueError, "text 1 has 1 candidate: expected two or more"),
        ([["好", "气"], "好气"], TypeError, "candidates of text 1 are '好气': expected a list of str"),
        ([["好", 3], ["好", "气"]], TypeError, "candidates of text 0"),
        ([["好", ""], ["好", "气"]], TypeError, "none of them empty"),
    ],
)
def test_refusals(candidates, error, message):
    with pytest.raises(error, match=message):
        make().choose(["电", "网"], candidates)


def test_a_batch_of_candidates_has_no_mean():
    with pytest.raises(ValueError, match="candidates differ: expected 'auto'"):
        make(calibration="batch").choose(TEXTS, CANDIDATES)
