"""The hand features against a slow and plain reference, by hand, at the edges.

Run: pytest tests/reading/test_features.py
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.metrics import edit_distance

from zhnlp.reading.features import hand_features, unit_features

WORDS = st.lists(st.sampled_from(["电网", "电", "网", "公司", "谁", "写", "红楼梦", "😀"]), max_size=7)


def slow(question, passages):
    """Four features of each unit, one unit at a time."""
    found = []
    for number, units in enumerate(passages):
        rows = []
        for place, unit in enumerate(units):
            others = [passage for other, passage in enumerate(passages) if other != number]
            first = place - len(question) // 2
            window = [
                units[at] if 0 <= at < len(units) else None for at in range(first, first + len(question))
            ]
            either = set(question) | set(window)
            rows.append(
                (
                    float(unit in question),
                    sum(unit in passage for passage in others) / len(others) if others else 0.0,
                    len(set(question) & set(window)) / len(either) if either else 0.0,
                    edit_distance(question, window) / len(question) if question else 1.0,
                )
            )
        found.append(np.array(rows).reshape(-1, 4))
    return found


def slow_eight(question, passages):
    found = []
    of_characters = slow(list("".join(question)), [list("".join(words)) for words in passages])
    for words, word_rows, character_rows in zip(passages, slow(question, passages), of_characters):
        means, place = [], 0
        for word in words:
            means.append(character_rows[place : place + len(word)].mean(0))
            place += len(word)
        found.append(np.concatenate((word_rows, np.array(means).reshape(-1, 4)), 1))
    return found


@given(WORDS, st.lists(WORDS, max_size=4))
def test_they_are_those_of_the_slow_reference(question, passages):
    found = hand_features(question, passages)
    assert len(found) == len(passages)
    for rows, expected in zip(found, slow_eight(question, passages)):
        assert rows.dtype == np.float32
        np.testing.assert_allclose(rows, expected, atol=1e-6)
        assert ((rows >= 0) & (rows <= 1)).all()


@given(WORDS, st.lists(WORDS, max_size=3))
def test_a_row_a_character_repeats_the_features_of_words(question, passages):
    by_word, by_character = (hand_features(question, passages, per=per) for per in ("word", "character"))
    for words, rows, wide in zip(passages, by_word, by_character):
        assert wide.shape == (len("".join(words)), 8)
        place = 0
        for word, row in zip(words, rows):
            part = wide[place : place + len(word)]
            np.testing.assert_allclose(part[:, :4], np.tile(row[:4], (len(word), 1)))
            np.testing.assert_allclose(part[:, 4:].mean(0), row[4:], atol=1e-6)
            place += len(word)


def test_by_hand():
    """问 谁 写 against 他 写 诗: the window of 写 is the passage: one unit of five is shared, three changes, or two."""
    rows = unit_features(["问", "谁", "写"], [["他", "写", "诗"], ["诗"], ["写"]])[0]
    np.testing.assert_allclose(rows[1], [1, 1 / 2, 1 / 5, 1], atol=1e-6)
    np.testing.assert_allclose(rows[0], [0, 0, 1 / 5, 2 / 3], atol=1e-6)  # X 他 写: the last is in place
    np.testing.assert_allclose(rows[2], [0, 1 / 2, 1 / 5, 1], atol=1e-6)  # 写 诗 X


def test_a_window_equal_to_the_question():
    rows = unit_features("谁写诗", ["又谁写诗吗"])[0]
    assert rows[2].tolist() == [1, 0, 1, 0]


def test_a_question_longer_than_the_passages_and_empty_ones():
    found = hand_features(["谁", "写", "了", "红楼梦", "这", "本", "书"], [["红楼梦"], [], ["书"]])
    assert [rows.shape for rows in found] == [(1, 8), (0, 8), (1, 8)]
    assert hand_features([], [["电网"]])[0].tolist() == [[0, 0, 0, 1, 0, 0, 0, 1]]
    assert hand_features(["谁"], []) == []


def test_what_is_no_list_of_words_is_refused():
    with pytest.raises(TypeError, match=r"question is one str: expected its words\. Next: JiebaWords"):
        hand_features("谁写", [["诗"]])
    with pytest.raises(TypeError, match="a passage is one str"):
        hand_features(["谁"], ["诗"])
    with pytest.raises(ValueError, match="a passage has an empty word"):
        hand_features(["谁"], [["诗", ""]])
    with pytest.raises(ValueError, match="per got 'line'"):
        hand_features(["谁"], [["诗"]], per="line")
