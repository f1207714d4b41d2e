"""Keywords of one text: words and their kinds, candidates, background, signals, ranking.

Run: pytest tests/mining/terms/test_keywords.py
"""

import math
import unicodedata
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.mining.terms.keywords import KeywordExtractor
from zhnlp.mining.terms.keywords import background as background_module
from zhnlp.mining.terms.keywords.background import Background
from zhnlp.mining.terms.keywords.candidates import MAX_CHARACTERS, MAX_WORDS, find_candidates
from zhnlp.mining.terms.keywords.ranking import choose
from zhnlp.mining.terms.keywords.signals import NAMES, WEIGHTS, _cover, signals
from zhnlp.mining.terms.keywords.words import FUNCTION_WORDS, Kind, split_words

CHARACTERS = "变压器断路故障研究的和在 \n\t\u3000，。、《》（）-·aZ9+.@\U00020000\u0301\u200b😀ＡｶﾞİßЖ"


class Toy:
    """Counts of a reference of 1,000 symbols."""

    total = 1000
    table: ClassVar = {"的": 60, "变压器": 4, "研究": 8, "支持": 5, "向量": 2, "支持向量": 2, "机": 6}

    def __init__(self):
        self.asked = []

    def count(self, texts):
        self.asked += texts
        return np.array([self.table.get(text, 0) for text in texts], np.int64)


def columns(text, background=None):
    """Key -> signal -> value."""
    words = split_words(text)
    found = find_candidates(words)
    matrix = signals(words, found, background or Background(Toy()))
    return {key: dict(zip(NAMES, row)) for key, row in zip(found.keys, matrix.tolist())}


def keys(text):
    return find_candidates(split_words(text)).keys


# --- words -----------------------------------------------------------------------------------------------------


def test_function_words_break_whatever_the_dictionary_says():
    words = split_words("变压器的故障与母线")
    assert words.keys == ["变压器", "的", "故障", "与", "母线"]
    assert [kind == Kind.BREAK for kind in words.kinds] == [False, True, False, True, False]
    assert all(not word or word == word.lower() for word in FUNCTION_WORDS)


def test_offsets_are_those_of_the_text_as_given():
    text = "ＳＡＲ　成像，ＧＰＴ-4o。"
    words = split_words(text)
    assert words.texts == ["SAR", "成像", ",", "GPT-4o", "。"]
    assert words.keys[0] == "sar"
    assert [text[a:b] for a, b in zip(words.starts, words.ends)] == [
        "ＳＡＲ",
        "成像",
        "，",
        "ＧＰＴ-4o",
        "。",
    ]


def test_a_letter_whose_small_form_is_longer_shifts_nothing():
    text = "İ型İ变压器"
    words = split_words(text)
    assert "".join(text[a:b] for a, b in zip(words.starts, words.ends)) == text
    assert len(words.keys) == len(words.starts)


# --- candidates ------------------------------------------------------------------------------------------------


def test_candidates_by_hand():
    assert keys("变压器故障的诊断") == ["变压器", "变压器故障", "故障", "诊断"]
    assert keys("变压器、断路器") == ["变压器", "断路器"]
    assert keys("的和在，。") == [] == keys("")


def test_a_blank_joins_runs_and_nothing_else():
    assert "java虚拟机" in keys("Java 虚拟机")
    assert "smart grid" in keys("Smart Grid")
    assert "变压器故障" not in keys("变压器 故障") and "java虚拟机" not in keys("Java  虚拟机")
    assert "java虚拟机" not in keys("Java\n虚拟机")


def test_a_joiner_stands_within_only():
    found = keys("构造-流体耦合")
    assert "构造-流体" in found
    assert not any(key[0] in "-·" or key[-1] in "-·" for key in found)


def test_numbers_alone_are_no_candidates():
    assert keys("2026，三，120，29日，2026年3月") == []
    assert "220kv变电站" in keys("220kV变电站")


def test_occurrences_are_grouped_and_in_order():
    words = split_words("变压器故障，变压器检修，变压器故障")
    found = find_candidates(words)
    assert dict(zip(found.keys, found.count.tolist()))["变压器"] == 3
    for number, key in enumerate(found.keys):
        at = slice(found.begin[number], found.begin[number] + found.count[number])
        assert set(found.candidate[at]) == {number} and (np.diff(found.first[at]) > 0).all()
        for i, j in zip(found.first[at], found.last[at]):
            assert "".join(words.keys[i : j + 1]) == key


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from(CHARACTERS), max_size=60))
def test_candidates_keep_their_bounds(text):
    words = split_words(text)
    found = find_candidates(words)
    assert len(set(found.keys)) == len(found.keys)
    assert (found.last - found.first < MAX_WORDS).all() and (found.last >= found.first).all()
    widths = np.where(words.kinds == Kind.RUN, 2, [len(key) for key in words.keys])
    for i, j in zip(found.first, found.last):
        assert i == j or widths[i : j + 1].sum() <= MAX_CHARACTERS
        assert not (words.kinds[i : j + 1] == Kind.BREAK).any()


# --- background ------------------------------------------------------------------------------------------------


def test_rarity_by_hand_with_and_without_a_collection():
    background = Background(Toy())
    share = 1 - math.exp(-200 * 4.5 / 1000)
    assert background.rarity(np.array([4.0]), ["变压器"])[0] == pytest.approx(-math.log(share))
    for _ in range(100):
        background.learn(["变压器"])
    expected = (99 + 100 * share + 0.5 * 100 / 200) / 200
    assert background.rarity(np.array([4.0]), ["变压器"])[0] == pytest.approx(-math.log(expected))


def test_what_a_collection_has_often_is_common():
    background = Background(Toy())
    for number in range(50):
        background.learn(["母线"] if number % 2 else ["母线", "断路器"])
    common, half, never = background.rarity(np.zeros(3), ["母线", "断路器", "绕组"])
    assert common < half < never


def test_cohesion_is_pointwise_mutual_information():
    background = Background(Toy())
    found = background.cohesion(np.array([2.0, 0.0]), np.array([5.0, 8.0]), np.array([2.0, 6.0]))
    assert found[0] == pytest.approx(math.log(2 * 1000 / (5 * 2)))
    assert found[1] == 0.0  # .5 × 1000 / (9 × 7) > 1: unseen is never a sign of cohesion
    assert background.cohesion(np.zeros(1), np.array([60.0]), np.array([60.0]))[0] < 0


def test_the_reference_is_asked_once_a_text():
    toy = Toy()
    background = Background(toy)
    for _ in range(3):
        background.counts(["变压器", "的", "变压器"])
    assert sorted(toy.asked) == ["变压器", "的"]


def test_a_large_collection_lets_go_of_rare_phrases(monkeypatch):
    monkeypatch.setattr(background_module, "MOST_KEPT", 10)
    background = Background(Toy())
    for number in range(40):
        background.learn(["母线", f"词{number}"])
    assert background.documents == 40
    assert background.document_counts["母线"] == 40
    assert len(background.document_counts) <= 11


# --- signals ---------------------------------------------------------------------------------------------------


def test_every_signal_has_a_weight_and_a_column():
    assert list(WEIGHTS) == list(NAMES) and all(map(math.isfinite, WEIGHTS.values()))
    assert set(columns("变压器故障")["变压器"]) == set(NAMES)


def test_signals_by_hand():
    rows = columns("研究变压器的故障。变压器的检修，变压器故障。")
    row = rows["变压器"]
    assert row["log_count"] == pytest.approx(math.log(3)) and row["repeats"] == 1
    assert row["log_position"] == pytest.approx(math.log(12))  # two characters before it
    assert row["length_3"] == row["one_word"] == row["ends_noun"] == 1 and row["length_2"] == 0
    assert row["left_free"] == pytest.approx(2 / 3)  # behind 研究 it is not
    assert row["right_free"] == pytest.approx(2 / 3)
    assert row["left_variety"] == pytest.approx(math.log(3)) and row["right_variety"] == pytest.approx(
        math.log(2)
    )
    assert row["before_de"] == 1 and row["after_de"] == 0 and rows["检修"]["after_de"] == 1
    assert row["cued"] == 1 and rows["故障"]["cued"] == 0
    assert row["apart"] == 1 and row["before_bracket"] == 0
    assert row["first_sentence"] == 1 and rows["检修"]["first_sentence"] == 0
    assert row["spread"] == pytest.approx((16 - 2) / 22) and rows["检修"]["spread"] == 0
    assert columns("支持向量机（SVM）")["支持向量机"]["before_bracket"] == 1
    assert rows["变压器故障"]["one_word"] == 0 and rows["变压器故障"]["inner_repeats"] == 0


def test_a_part_that_never_stands_alone_is_not_apart():
    rows = columns("支持向量机好，支持向量机快")
    assert rows["支持向量机"]["apart"] == 1
    inner = [key for key in rows if key != "支持向量机" and key in "支持向量机"]
    assert inner and all(rows[key]["apart"] == 0 for key in inner)
    assert rows["支持向量机"]["inner_repeats"] == pytest.approx(math.log(2))


def test_cover_is_what_plain_search_finds():
    words = split_words("继电保护装置检修，继电保护装置，保护装置，继电保护")
    found = find_candidates(words)
    count = found.count[found.candidate]
    quick = _cover(found.first, found.last, count, len(words.keys))
    spans = list(zip(found.first.tolist(), found.last.tolist(), count.tolist()))
    plain = [
        max((n for i, j, n in spans if n > 1 and i <= a and b <= j and (i, j) != (a, b)), default=0)
        for a, b, _ in spans
    ]
    assert quick.tolist() == plain and max(plain) > 1


def test_terms_of_a_table_are_preferred():
    text = "母线和绕组"
    first = KeywordExtractor(Background(Toy(), terms={"绕组": 1.0})).extract(text, 1)
    second = KeywordExtractor(Background(Toy(), terms={"母线": 1.0})).extract(text, 1)
    assert (first[0]["term"], second[0]["term"]) == ("绕组", "母线")
    assert columns(text, Background(Toy(), terms={"绕组": 0.25}))["绕组"]["listed"] == 0.25


# --- ranking ---------------------------------------------------------------------------------------------------


def test_parts_go_unless_they_occur_elsewhere():
    names, scores = ["支持向量机", "向量机", "核函数"], np.array([3.0, 2.0, 1.0])
    assert [i for i, _ in choose(names, np.array([2, 2, 1]), scores, 2)] == [0, 2]
    assert [i for i, _ in choose(names, np.array([2, 3, 1]), scores, 2)] == [0, 1]
    assert choose([], np.zeros(0), np.zeros(0), 3) == []


def test_ties_go_to_the_first():
    assert [i for i, _ in choose(["甲乙", "丙丁", "戊己"], np.ones(3), np.zeros(3), 3)] == [0, 1, 2]


# --- the extractor ---------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from(CHARACTERS), max_size=80), st.integers(1, 9))
def test_keywords_are_cut_from_the_source(text, top):
    import warnings

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = KeywordExtractor(Background(Toy())).extract(text, top)
    assert bool(found) != bool(caught)
    assert len(found) <= top
    scores = [row["score"] for row in found]
    assert scores == sorted(scores, reverse=True) and all(0 < score < 1 for score in scores)
    for row in found:
        assert text[row["start"] : row["end"]] == row["term"] == row["term"].strip() != ""
        assert row["count"] >= 1
    assert len({unicodedata.normalize("NFKC", row["term"]).lower() for row in found}) <= len(found)


def test_width_and_case_are_one_keyword_and_the_first_spelling_is_given():
    (row, *_) = KeywordExtractor(Background(Toy())).extract("ＧＩＳ设备和GIS设备，gis设备", 1)
    assert row == {"term": "ＧＩＳ设备", "score": row["score"], "start": 0, "end": 5, "count": 3}


def test_fit_learns_what_is_common_in_a_collection():
    extractor = KeywordExtractor(Background(Toy()))
    text = "母线，绕组"
    before = [row["term"] for row in extractor.extract(text, 1)]
    other = "绕组" if before == ["母线"] else "母线"
    extractor.fit([f"{before[0]}，某{number}" for number in range(500)])
    assert [row["term"] for row in extractor.extract(text, 1)] == [other]


@pytest.mark.parametrize(
    ("texts", "said"), [("一个", r"fit got the one text"), (["一", None], "NoneType as text 1")]
)
def test_what_fit_refuses(texts, said):
    with pytest.raises(TypeError, match=said):
        KeywordExtractor(Background(Toy())).fit(texts)


def test_an_empty_collection_warns():
    with pytest.warns(UserWarning, match="nothing was learnt"):
        KeywordExtractor(Background(Toy())).fit([])


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "is empty"), (" \n", "is empty"), ("，的。", "punctuation and function words"), ("马", "two")],
)
def test_nothing_to_return_warns(text, said):
    with pytest.warns(UserWarning, match=said):
        assert KeywordExtractor(Background(Toy())).extract(text) == []


def test_top_below_one_is_refused():
    with pytest.raises(ValueError, match="top=0"):
        KeywordExtractor(Background(Toy())).extract("变压器", 0)
