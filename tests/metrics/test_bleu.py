"""BLEU on characters: by hand, bit by bit against NLTK, refusals.

Run: pytest tests/metrics/test_bleu.py
"""

from math import exp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

from zhnlp.metrics import bleu_score

TEXTS = st.one_of(st.text("甲乙丙", max_size=12), st.text("国家电网Aa. 。\nİ", max_size=20))


def nltk(prediction, references):
    """The call of the script of post 6933."""
    hypothesis = " ".join(prediction).lower()
    if not hypothesis.strip():
        return 0.0
    return sentence_bleu(
        references=[" ".join(text).lower().split(" ") for text in references],
        hypothesis=hypothesis.split(" "),
        smoothing_function=SmoothingFunction().method1,
    )


def test_five_characters_by_hand():
    """天地玄黄宇 against 天地玄洪宇荒.

    Matches: 4 of 5 unigrams (天 地 玄 宇), 2 of 4 bigrams (天地, 地玄), 1 of 3 trigrams (天地玄), 0 of 2, so 0.1 of 2.
    Brevity: 5 characters against 6.
    """
    by_hand = exp(1 - 6 / 5) * (4 / 5 * 2 / 4 * 1 / 3 * 0.1 / 2) ** 0.25
    assert bleu_score("天地玄黄宇", "天地玄洪宇荒") == pytest.approx(by_hand, rel=1e-12)


@settings(max_examples=500)
@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=3))
def test_every_score_is_that_of_nltk_to_the_last_bit(prediction, references):
    assert bleu_score(prediction, references) == nltk(prediction, references)


@given(st.text("国家电网Aa。", min_size=4, max_size=30))
def test_equal_texts_of_four_characters_score_1(text):
    assert bleu_score(text, text.swapcase()) == 1


@pytest.mark.parametrize(("text", "expected"), [("天地玄", 0.1**0.25), ("天地", 0.1**0.5), ("天", 0.1**0.75)])
def test_equal_texts_below_four_characters_miss_their_ngrams(text, expected):
    assert bleu_score(text, text) == pytest.approx(expected)


@given(TEXTS, TEXTS, TEXTS)
def test_scores_are_shares_and_a_reference_more_of_the_same_length_never_harms(prediction, first, second):
    alone = bleu_score(prediction, first)
    second = second[: len(first)].ljust(len(first), "丁")
    assert 0 <= alone <= 1 and bleu_score(prediction, [first, second]) >= alone - 1e-12


def test_the_nearest_length_counts_and_the_shorter_of_equals():
    """3 characters, of which all match, against 5 and 4: e^(1 - 4/3); against 2 and 4 the shorter one."""
    short = bleu_score("天地玄", ["天地玄黄宇", "天地玄黄"])
    assert short == pytest.approx(exp(1 - 4 / 3) * 0.1**0.25)
    assert bleu_score("天地玄", ["天地", "天地玄黄"]) == pytest.approx(0.1**0.25)


def test_nothing_scores_0_and_no_reference_is_refused():
    assert (
        bleu_score("", "天") == bleu_score(" \n", "天") == bleu_score("地", "天") == bleu_score("地", "") == 0
    )
    with pytest.raises(ValueError, match="got no reference"):
        bleu_score("天", [])
    with pytest.raises(TypeError, match="got None of type NoneType: expected a str"):
        bleu_score("天", [None])
