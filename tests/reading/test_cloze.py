"""Cloze questions: what can be asked for, places, draws, what a question says.

Run: pytest tests/reading/test_cloze.py
"""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.reading.cloze import answers_of, cloze_questions

PARTS = [
    "小城在河的东岸，",
    "水电站于1998年建成。",
    "它供电给三个县，共12.5万人！",
    "《城南旧事》写的是这里？",
    "人们叫它“小太阳”，",
    "😀很亮。",
    "\n",
    "Ａ栋有２层楼那么高。",
]
TEXTS = st.lists(st.lists(st.sampled_from(PARTS), min_size=3, max_size=30).map("".join), max_size=4)


def words(text):
    return [match.span() for match in re.finditer("水电站|小城|河|东岸|县|人们", text)]


def rarity(word):
    return {"水电站": 11.0, "东岸": 9.5}.get(word, 3.0)


def made(texts, **options):
    return list(cloze_questions(texts, words, rarity, **{"passage": (30, 120), **options}))


@given(TEXTS, st.integers(0, 5))
def test_answers_stand_where_they_are_said_and_not_in_the_question(texts, seed):
    for one in made(texts, seed=seed):
        (place,) = one.places
        assert one.passages[place[0]][place[1] : place[2]] == one.texts[0]
        assert one.texts[0] not in one.question and one.question.endswith("？")
        assert 1 <= len(one.passages[0]) <= 120 and any(one.passages[0] in text for text in texts)


@given(TEXTS)
def test_a_text_has_the_same_questions_whatever_the_others(texts):
    long = ["".join(PARTS) * 2]
    assert made(long + texts)[: len(made(long))] == made(long)
    assert made(long + texts, per_text=1)[:1] == made(long, per_text=1)


def test_kinds_are_found_in_order_and_none_over_another():
    text = "".join(PARTS)
    found = answers_of(text, words(text), rarity, 9.0)
    assert [(text[one.start : one.end], one.kind) for one in found] == [
        ("东岸", "word"), ("水电站", "word"), ("1998年", "date"), ("12.5万", "number"), ("《城南旧事》", "title"), ("小太阳", "quoted"), ("２层", "number"),
    ]  # fmt: skip
    assert all(one.end <= other.start for one, other in pairwise(found))


def test_words_are_left_out_of_the_question_as_often_as_is_said():
    text = ["人们说河的东岸有一座小城，小城有水电站。" * 4] * 60
    kept = [one.question.count("小城") + one.question.count("人们") for one in made(text, dropped=0.0)]
    fewer = [one.question.count("小城") + one.question.count("人们") for one in made(text, dropped=0.5)]
    assert 0.3 < sum(fewer) / sum(kept) < 0.7


def test_short_texts_give_none_and_numbers_out_of_range_are_refused():
    assert made(["很短。"]) == []
    for options in ({"per_text": 0}, {"dropped": 1.0}, {"passage": (50, 40)}):
        with pytest.raises(ValueError, match="is not possible: expected 1 or more, a share below 1"):
            made(["字" * 100], **options)
