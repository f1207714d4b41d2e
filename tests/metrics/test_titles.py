"""The evaluator of titles: by hand, as the script of post 6933 computes it, order, options, speed, refusals.

Run: pytest tests/metrics/test_titles.py
"""

import json
import random
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from rouge import Rouge

from zhnlp.metrics import evaluate_titles, paired_bootstrap

MEANS = ("rouge_1", "rouge_2", "rouge_l", "bleu")
TITLE = st.text("国家电网升级改造Aa。 ", min_size=1, max_size=15).filter(str.strip)
PAIRS = st.lists(st.tuples(st.one_of(st.just(""), TITLE), TITLE), min_size=1, max_size=8)


def as_in_the_post(predictions, references):
    rouge, smooth = Rouge(), SmoothingFunction().method1
    totals = dict.fromkeys(MEANS, 0.0)
    for prediction, reference in zip(predictions, references):
        prediction, reference = " ".join(prediction).lower(), " ".join(reference).lower()
        if prediction.strip():
            scores = rouge.get_scores(hyps=prediction, refs=reference)[0]
            for name in ("rouge-1", "rouge-2", "rouge-l"):
                totals[name.replace("-", "_")] += scores[name]["f"]
            totals["bleu"] += sentence_bleu(
                [reference.split(" ")], prediction.split(" "), smoothing_function=smooth
            )
    return {name: total / len(predictions) for name, total in totals.items()}


def test_two_items_by_hand():
    """天地玄黄 against 天地黄: 3 of 4 and of 3 unigrams, 6/7; 1 of 3 and of 2 bigrams, 2/5; nothing against 宇宙洪荒.

    天地玄黄 was cut from its source; of its bigrams 天地 玄黄 stand in the other source, 地玄 does not.
    """
    score = evaluate_titles(["天地玄黄", ""], ["天地黄", "宇宙洪荒"], ["天地 玄黄", "宇宙"])
    assert score["primary_metric"] == "rouge_l" and score["texts"] == 2
    assert score["rouge_1"] == score["rouge_l"] == pytest.approx(6 / 7 / 2, abs=1e-8)
    assert score["rouge_2"] == pytest.approx(2 / 5 / 2, abs=1e-8)
    assert (score["empty"], score["copied"], score["novel_bigrams"]) == (0.5, 0.5, 0)
    assert (score["mean_length"], score["length_ratio"]) == (2, 4 / 7)
    assert (score["distinct_1"], score["distinct_2"], score["repetition_4"]) == (1, 1, 0)
    assert evaluate_titles(["天地玄黄"], ["天"], ["玄黄天地"])["novel_bigrams"] == pytest.approx(1 / 3)


def test_repetition_variety_and_length_by_hand():
    """电网电网电网 has 2 different characters of 6, 2 bigrams of 5, and 电网电网 again among three 4-grams.

    Its source lacks 网电, two of the five. 6 characters against 4 and 2, blanks left out; the other one is blank.
    """
    score = evaluate_titles(["电网电网电网", " \n"], ["电网 升级", "改造"], ["电网", "改造"])
    assert (score["distinct_1"], score["distinct_2"], score["repetition_4"]) == (2 / 6, 2 / 5, 1 / 3)
    assert (score["novel_bigrams"], score["copied"]) == (2 / 5, 0)
    assert (score["mean_length"], score["length_ratio"], score["empty"]) == (3, 1, 0.5)


@settings(max_examples=200)
@given(PAIRS)
def test_means_are_those_of_the_script_of_the_post(pairs):
    predictions, references = zip(*pairs)
    score = evaluate_titles(predictions, references, samples=0)
    assert {name: score[name] for name in MEANS} == as_in_the_post(predictions, references)


@given(PAIRS, st.randoms(use_true_random=False))
def test_the_order_of_items_does_not_matter_and_json_writes_it(pairs, randoms):
    shuffled = randoms.sample(pairs, len(pairs))
    one, other = (evaluate_titles(*zip(*items), samples=20) for items in (pairs, shuffled))
    for name in (*MEANS, "mean_length", "length_ratio", "distinct_1", "empty"):
        assert one[name] == pytest.approx(other[name])
    assert json.loads(json.dumps(one)) == one
    for name in MEANS:
        low, high = one["intervals"][name]
        assert 0 <= low <= high <= 1


def test_equal_texts_score_1():
    titles = ["国家电网完成升级改造", "GIS开关柜检修3.5小时"]
    score = evaluate_titles(titles, titles)
    assert [score[name] for name in MEANS] == pytest.approx([1, 1, 1, 1], abs=1e-8)
    assert score["length_ratio"] == 1


def test_of_several_references_the_best_by_rouge_l_counts():
    score = evaluate_titles(["国家电网"], [["南方", "国家电网公司", "国家电网"]], items=True)
    assert score["items"][0]["reference"] == 2 and score["length_ratio"] == 1
    assert score["rouge_2"] == pytest.approx(1) and score["bleu"] == 1
    # equally good by ROUGE-L: the first, whatever ROUGE-2 says
    first = evaluate_titles(["甲乙丙"], [["甲丁乙", "甲乙丁"]], items=True)
    assert first["items"][0]["reference"] == 0 and first["rouge_2"] == 0
    # BLEU sees all of them: 甲 from the first, 乙 from the second
    assert evaluate_titles(["甲乙"], [["甲丁", "丙乙"]])["bleu"] > evaluate_titles(["甲乙"], ["甲丁"])["bleu"]


def test_items_are_what_the_means_are_of_and_feed_the_paired_bootstrap():
    references = [f"第{number}号变电站检修完成" for number in range(40)]
    good, bad = references[:30] + references[:10], references[20:] + references[:20]
    one, other = (evaluate_titles(texts, references, items=True) for texts in (good, bad))
    for name in MEANS:
        assert sum(row[name] for row in one["items"]) / 40 == pytest.approx(one[name])
        low, high = one["intervals"][name]
        assert low < one[name] < high
    found = paired_bootstrap(*([row["rouge_l"] for row in score["items"]] for score in (one, other)))
    assert found["difference"] == pytest.approx(one["rouge_l"] - other["rouge_l"])
    assert found["p_value"] < 0.05 and "items" not in evaluate_titles(good, references)


def test_options_reach_what_they_are_for():
    texts = (["电电电网", "天地"], ["电网", "玄天"])
    plain = evaluate_titles(*texts, samples=0)
    assert plain["intervals"] is None and plain["copied"] is None and plain["novel_bigrams"] is None
    assert evaluate_titles(*texts, samples=0, rouge_version="1.0.0")["rouge_1"] < plain["rouge_1"]
    wide, narrow = (
        evaluate_titles(*texts, confidence=share)["intervals"]["rouge_1"] for share in (0.95, 0.1)
    )
    assert wide[0] < narrow[0]
    many = (["国家电网", "天地玄黄", "宇宙洪荒"] * 5, ["国家电网", "地玄", "日月"] * 5)
    seeds = [evaluate_titles(*many, seed=seed)["intervals"]["rouge_l"] for seed in (0, 0, 1)]
    assert seeds[0] == seeds[1] != seeds[2]
    beside = evaluate_titles(*texts, ["电网", "玄天"], sacrebleu=True, rouge_chinese=True)
    assert beside["rouge_chinese"]["characters"]["rouge_1"] == pytest.approx((1 + 1 / 2) / 2)
    assert "words" in beside["rouge_chinese"] and 0 < beside["sacrebleu"]["chrf"] < 1
    assert json.loads(json.dumps(beside)) == beside


def test_a_thousand_titles_take_less_than_a_second_and_abstracts_seconds():
    draws = random.Random(0)
    signs = [chr(0x4E00 + number) for number in range(300)]
    for length, limit in ((30, 1.0), (300, 5.0)):
        first, second = (["".join(draws.choices(signs, k=length)) for _ in range(1000)] for _ in range(2))
        began = time.process_time()
        evaluate_titles(first, second, second)
        assert time.process_time() - began < limit


def test_torch_and_transformers_are_not_needed():
    code = "import sys; from zhnlp.metrics import evaluate_titles; evaluate_titles(['天'], ['天'], rouge_chinese=True); "
    code += "print([name for name in ('torch', 'transformers') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((["天"], ["天", "地"]), ValueError, "got 1 predictions and 2 references: expected as many"),
        ((["天"], ["天"], []), ValueError, "got 1 predictions and 0 sources"),
        (([], []), ValueError, "got no prediction"),
        (
            ("天", ["天"]),
            TypeError,
            r"got one str as predictions: .* Next: \[predictions\] for a single text",
        ),
        ((["天"], "天"), TypeError, "got one str as references"),
        ((["天"], ["天"], "天"), TypeError, "got one str as sources"),
        (
            (["天", None], ["天", "地"]),
            TypeError,
            r"predictions has None at item 1 \(counted from 0\): expected a str",
        ),
        ((["天"], [None]), TypeError, "references has None at item 0"),
        ((["天"], [["天", 3]]), TypeError, r"references has \['天', 3\] at item 0"),
        ((["天"], [[]]), ValueError, r"item 0 \(counted from 0\) has no reference"),
        ((["天", "地"], ["天", [" \n"]]), ValueError, r"item 1 \(counted from 0\) has a blank reference"),
    ],
)
def test_what_cannot_be_scored_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        evaluate_titles(*arguments)


def test_options_out_of_range_are_refused():
    with pytest.raises(ValueError, match="confidence=95"):
        evaluate_titles(["天"], ["天"], confidence=95)
    with pytest.raises(ValueError, match="samples=-1"):
        evaluate_titles(["天"], ["天"], samples=-1)
    with pytest.raises(ValueError, match="version='1'"):
        evaluate_titles(["天"], ["天"], rouge_version="1")
