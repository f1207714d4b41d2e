"""ROUGE on characters: by hand, bit by bit against the package ``rouge`` 1.0.1, its older versions, refusals.

Run: pytest tests/metrics/test_rouge.py
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge import Rouge

from zhnlp.metrics import rouge_scores
from zhnlp.metrics.rouge import common_subsequence

EQUAL = 2 * (1 / (2 + 1e-8))  # F of precision 1 and recall 1
TEXTS = st.one_of(
    st.text("甲乙", max_size=12),  # many subsequences are longest
    st.text("国家电网Aa. 。\n\u3000İΣ", max_size=20),
    st.text(max_size=20),
)


def f_of(hits, guessed, right):
    precision, recall = hits / guessed, hits / right
    return 2 * (precision * recall / (precision + recall + 1e-8))


def package(prediction, reference, **options):
    """F and (precision, recall) as posts get them; 0 where the package refuses a text, as the posts do for an empty one."""
    spaced = [" ".join(text).lower() for text in (prediction, reference)]
    nothing = {"f": 0.0, "p": 0.0, "r": 0.0}
    if not spaced[0].strip() or not all(text.strip(".") for text in spaced):
        return dict.fromkeys(("rouge-1", "rouge-2", "rouge-l"), nothing)
    return Rouge(**options).get_scores(*spaced)[0]


def test_five_characters_by_hand():
    """天地玄黄宇 against 天玄地黄洪.

    Unigrams in both: 天 地 玄 黄, 4 of 5 and 5. Bigrams 天地 地玄 玄黄 黄宇 and 天玄 玄地 地黄 黄洪: none in both.
    Longest common subsequence: 天地黄 or 天玄黄, 3 of 5 and 5.
    """
    scores = rouge_scores("天地玄黄宇", "天玄地黄洪")
    assert scores == {"rouge_1": f_of(4, 5, 5), "rouge_2": 0.0, "rouge_l": f_of(3, 5, 5)}
    assert scores["rouge_l"] == pytest.approx(0.6, abs=1e-7)


def test_repeated_characters_count_once():
    """电电电网 has two unigrams and two bigrams (电电, 电网), 电网 two and one."""
    assert rouge_scores("电电电网", "电网") == {"rouge_1": EQUAL, "rouge_2": f_of(1, 2, 1), "rouge_l": EQUAL}


def test_a_point_ends_a_sentence_and_a_full_stop_is_a_character():
    assert rouge_scores("3.5", "35")["rouge_2"] == EQUAL
    # two sentences 甲 and 乙 against one sentence 乙甲: each is found by itself
    assert rouge_scores("甲.乙", "乙甲")["rouge_l"] == EQUAL
    assert rouge_scores("甲乙", "乙甲")["rouge_l"] == f_of(1, 2, 2)
    assert rouge_scores("甲。", "甲")["rouge_1"] == f_of(1, 2, 1)


def test_which_longest_subsequence_counts_depends_on_the_side():
    """甲甲乙 and 甲乙甲 have 甲甲 (one distinct character) and 甲乙 (two) as longest subsequences."""
    assert rouge_scores("甲甲乙", "甲乙甲")["rouge_l"] == f_of(1, 2, 2)
    assert rouge_scores("甲乙甲", "甲甲乙")["rouge_l"] == EQUAL


@settings(max_examples=500)
@given(TEXTS, TEXTS)
def test_every_f_is_that_of_the_package_to_the_last_bit(prediction, reference):
    theirs = package(prediction, reference)
    ours = rouge_scores(prediction, reference)
    assert ours == {name.replace("-", "_"): scores["f"] for name, scores in theirs.items()}


@given(TEXTS, TEXTS)
def test_version_1_0_0_counts_ngrams_as_often_as_they_occur(prediction, reference):
    ours = rouge_scores(prediction, reference, version="1.0.0")
    listed, plain = package(prediction, reference, exclusive=False), package(prediction, reference)
    assert ours["rouge_1"] == listed["rouge-1"]["f"] and ours["rouge_2"] == listed["rouge-2"]["f"]
    assert ours["rouge_l"] == plain["rouge-l"]["f"]


@given(TEXTS, TEXTS)
def test_version_0_3_2_weighs_recall_by_precision_over_recall(prediction, reference):
    ours = rouge_scores(prediction, reference, version="0.3.2")
    theirs = package(prediction, reference)
    p, r = theirs["rouge-l"]["p"], theirs["rouge-l"]["r"]
    weighted = p * r * (p * p + r * r) / (r**3 + p**3) if p else 0
    assert ours["rouge_l"] == pytest.approx(weighted, abs=1e-9)
    assert ours["rouge_1"] == theirs["rouge-1"]["f"] and ours["rouge_2"] == theirs["rouge-2"]["f"]


@given(st.text("国家电网 Aa。", min_size=2).filter(lambda text: len("".join(text.split())) > 1))
def test_a_text_scores_one_less_five_billionths_against_itself(text):
    assert rouge_scores(text, text.swapcase()) == {"rouge_1": EQUAL, "rouge_2": EQUAL, "rouge_l": EQUAL}
    assert 4.9e-9 < 1 - EQUAL < 5.1e-9


@given(TEXTS, TEXTS)
def test_scores_are_shares_and_those_of_ngrams_do_not_depend_on_the_side(first, second):
    there, back = rouge_scores(first, second), rouge_scores(second, first)
    assert all(0 <= score < 1 for score in there.values())
    assert (there["rouge_1"], there["rouge_2"]) == (back["rouge_1"], back["rouge_2"])


@given(st.lists(st.sampled_from("甲乙丙"), max_size=12), st.lists(st.sampled_from("甲乙丙"), max_size=12))
def test_the_subsequence_is_common_and_as_long_as_the_table_says(first, second):
    table = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, one in enumerate(first):
        for j, other in enumerate(second):
            table[i + 1][j + 1] = table[i][j] + 1 if one == other else max(table[i][j + 1], table[i + 1][j])
    found = common_subsequence(first, second)[::-1]
    assert len(found) == table[-1][-1]
    for side in (first, second):
        rest = iter(side)
        assert all(symbol in rest for symbol in found)


@pytest.mark.parametrize("nothing", ["", " \u3000\n", "."])
def test_a_side_without_a_character_scores_0(nothing):
    assert not any(rouge_scores(nothing, "天地").values()) and not any(rouge_scores("天地", nothing).values())


def test_a_blank_prediction_does_not_match_a_blank_sentence():
    assert not any(rouge_scores(" ", "天. .地").values()) and rouge_scores("天. ", "天. .地")["rouge_1"] > 0.7


def test_long_texts_need_no_recursion():
    assert rouge_scores("甲乙" * 2_000, "甲乙" * 2_000)["rouge_l"] == EQUAL


def test_what_is_no_text_and_unknown_versions_are_refused():
    with pytest.raises(TypeError, match=r"got \['天', '地'\] of type list: expected a str"):
        rouge_scores(["天", "地"], "天地")
    with pytest.raises(TypeError, match="got None of type NoneType"):
        rouge_scores("天地", None)
    with pytest.raises(
        ValueError, match=r"version='2': expected a version of rouge, one of 1\.0\.1, 1\.0\.0, 0\.3\.2"
    ):
        rouge_scores("天", "地", version="2")
