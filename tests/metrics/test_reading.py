"""The scorer of CMRC2018: against its logic written down once more over NLTK, by hand, refusals.

Run: pytest tests/metrics/test_reading.py
"""

import json
import re
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.tokenize.destructive import NLTKWordTokenizer

from zhnlp.metrics import evaluate_reading
from zhnlp.metrics.latin_words import latin_words
from zhnlp.metrics.reading import SIGNS, exact, f1, longest_run, units

LATIN = st.text(st.sampled_from("abmnots0123 ,.;!?'\"()[]<>$%&@#—«»‘„éカ　"), max_size=14)
PHRASES = st.lists(
    st.sampled_from(
        [
            "can",
            "not",
            "cannot",
            "gonna",
            "wanna",
            "lemme",
            "'tis",
            "n't",
            "'s",
            "'ll",
            "'",
            '"',
            " ",
            ".",
            ",",
            "3.5",
            "more'n",
            "d'ye",
        ]
    ),
    max_size=8,
).map("".join)
MIXED = st.lists(
    st.one_of(
        st.sampled_from(list("光荣公司《》，。、·-…臺台〇")),
        st.sampled_from(["Dota", "u.s.", "1,000", " ", "'s"]),
    ),
    max_size=10,
).map("".join)


def official_units(text):
    """Character by character, as the script does it; NLTK's words without its search for sentences."""
    found, run = [], ""
    for character in text.lower().strip():
        if character in SIGNS:
            continue
        if re.search("[\u4e00-\u9fa5]", character):
            found += [*NLTKWordTokenizer().tokenize(run), character]
            run = ""
        else:
            run += character
    return found + NLTKWordTokenizer().tokenize(run)


def official_f1(answers, prediction):
    scores = []
    for answer in answers:
        ours, theirs = official_units(prediction), official_units(answer)
        run = max(
            (
                length
                for first in range(len(ours))
                for length in range(1, len(ours) - first + 1)
                if any(theirs[at : at + length] == ours[first : first + length] for at in range(len(theirs)))
            ),
            default=0,
        )
        if run == 0:
            scores.append(0)
            continue
        precision, recall = run / len(ours), run / len(theirs)
        scores.append(2 * precision * recall / (precision + recall))
    return max(scores)


@settings(max_examples=150)
@given(st.one_of(LATIN, PHRASES))
def test_latin_words_are_those_of_nltk(text):
    text = "".join(character for character in text.lower() if character not in SIGNS)
    assert latin_words(text) == NLTKWordTokenizer().tokenize(text)


@settings(max_examples=150)
@given(MIXED, st.lists(MIXED, min_size=1, max_size=3))
def test_scores_are_those_of_the_official_logic(prediction, answers):
    assert units(prediction) == official_units(prediction)
    best = max(f1(prediction, answer) for answer in answers)
    assert best == pytest.approx(official_f1(answers, prediction))
    if any(map(str.strip, answers)):
        score = evaluate_reading([prediction], [answers], samples=0)
        assert score["f1"] == pytest.approx(best)
        assert score["em"] == any(exact(prediction, answer) for answer in answers)


@pytest.mark.parametrize(
    ("prediction", "answers", "em", "f"),
    [
        ("1949年", ["1949年10月1日"], 0, 4 / 8),  # nested: 1949 年 of 1949 年 10 月 1 日
        ("光荣", ["光荣公司"], 0, 2 * 2 / 6),
        ("《红楼梦》", ["红楼梦"], 1, 1),  # signs of the list do not count
        ("红楼梦。", ["红楼梦"], 1, 1),
        ("红楼梦!", ["红楼梦"], 0, 6 / 7),  # others do
        ("红楼梦……", ["红楼梦"], 0, 6 / 7),  # one word ……: two characters, the script never finds them
        ("DOTA-2", ["dota2"], 1, 1),
        ("光荣和ω-force", ["光荣", "ω-Force"], 0, 2 * 2 / 6),  # of 光 荣 和 ωforce against 光 荣
        ("台湾", ["臺灣"], 0, 0),  # traditional forms are other characters
        ("臺灣大學", ["臺灣大學", "台大"], 1, 1),
        ("ＧＰＵ", ["gpu"], 0, 0),  # width is not folded
        ("中国 北京", ["中国北京"], 0, 1),  # a blank inside counts for the exact match alone
        ("京北", ["北京"], 0, 2 / 4),  # a run, not a bag
        ("天地玄", ["天地洪", "玄"], 0, 2 * 2 / 6),  # the best of several
        ("", ["北京"], 0, 0),
        ("it's 3.5%", ["3.5%"], 0, 2 * 2 / 6),  # it 's 3.5 %
    ],
)
def test_by_hand(prediction, answers, em, f):
    score = evaluate_reading([prediction], [answers], samples=0)
    assert score["em"] == em and score["f1"] == pytest.approx(f)
    assert score["average"] == pytest.approx((em + f) / 2)


@given(st.lists(st.sampled_from("甲乙丙"), max_size=8), st.lists(st.sampled_from("甲乙丙"), max_size=8))
def test_the_longest_run_is_that_of_brute_force(first, second):
    joined = ["".join(part) for part in (first, second)]
    runs = {joined[0][a:b] for a in range(len(first)) for b in range(a, len(first) + 1)}
    assert longest_run(first, second) == max((len(run) for run in runs if run in joined[1]), default=0)


def test_means_intervals_and_items():
    score = evaluate_reading(["光荣", "", "红楼梦"], ["光荣公司", "电网", ["红楼梦", "石头记"]], items=True)
    assert score["primary_metric"] == "f1" and score["questions"] == 3
    assert score["f1"] == pytest.approx((2 / 3 + 0 + 1) / 3) and score["em"] == pytest.approx(1 / 3)
    assert score["empty"] == pytest.approx(1 / 3)
    assert score["items"][2] == {"f1": 1.0, "em": 1.0}
    low, high = score["intervals"]["f1"]
    assert 0 <= low <= score["f1"] <= high <= 1
    assert json.loads(json.dumps(score)) == score


def test_three_thousand_questions_take_seconds():
    predictions = [f"光荣和ω-force公司的第{number}部续作" * 3 for number in range(3000)]
    answers = [[f"光荣公司开发的战国无双{number}{more}" * 3 for more in "甲乙丙"] for number in range(3000)]
    began = time.process_time()
    evaluate_reading(predictions, answers, samples=0)
    assert time.process_time() - began < 5


def test_torch_and_transformers_are_not_needed():
    code = "import sys; from zhnlp.metrics import evaluate_reading, evaluate_factoids; evaluate_reading(['天'], ['天']); "
    code += "print([name for name in ('torch', 'transformers', 'nltk') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (("天", ["天"]), TypeError, r"got one str as predictions: .* Next: \[predictions\]"),
        ((["天"], "天"), TypeError, "got one str as answers"),
        ((["天"], ["天", "地"]), ValueError, "got 1 predictions and answers of 2 questions"),
        (([], []), ValueError, "got no prediction"),
        (([None], ["天"]), TypeError, r"question 0 \(counted from 0\) has None"),
        ((["天"], [["天", 3]]), TypeError, r"question 0 .* has '天' and \['天', 3\]"),
        ((["天", "天"], ["天", []]), ValueError, r"question 1 \(counted from 0\) has no right answer"),
        ((["天"], [None]), ValueError, "question 0 .* has no right answer"),
        ((["天"], [" "]), ValueError, "question 0 .* has no right answer"),
    ],
)
def test_what_cannot_be_scored_is_refused(arguments, error, said):
    with pytest.raises(error, match=said):
        evaluate_reading(*arguments)
