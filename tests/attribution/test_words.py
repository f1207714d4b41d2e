"""Words, readings and the table of telling words.

Run: pytest tests/attribution/test_words.py
"""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.attribution import telling_words
from zhnlp.attribution.reading import KEPT, Literal, Reading, Span, View
from zhnlp.attribution.words import character_scores, merge_words


@st.composite
def cut_texts(draw):
    """A text with tokens and words that have borders of their own; blanks belong to no word."""
    text = draw(st.text(alphabet="电网ab ", min_size=1, max_size=12))
    tokens, words = [], []
    for parts, borders in (
        (tokens, draw(st.sets(st.integers(0, len(text))))),
        (words, draw(st.sets(st.integers(0, len(text))))),
    ):
        edges = sorted({0, len(text), *borders})
        parts += list(pairwise(edges))
    scored = [{"start": a, "end": b, "score": draw(st.floats(-9, 9))} for a, b in tokens]
    return text, scored, words


@given(cut_texts())
def test_words_sum_to_what_the_tokens_sum_to(given_text):
    text, tokens, words = given_text
    merged = merge_words(text, tokens, words)
    assert sum(word["score"] for word in merged) == pytest.approx(
        sum(token["score"] for token in tokens), abs=1e-9
    )
    assert [text[word["start"] : word["end"]] for word in merged] == [word["text"] for word in merged]
    assert character_scores(text, tokens).sum() == pytest.approx(
        sum(token["score"] for token in tokens), abs=1e-9
    )


def test_a_token_over_a_border_is_divided_by_characters():
    tokens = [{"start": 0, "end": 3, "score": 3.0}, {"start": 3, "end": 4, "score": -1.0}]
    assert merge_words("电网很好", tokens, [(0, 2), (2, 4)]) == [
        {"text": "电网", "start": 0, "end": 2, "score": 2.0},
        {"text": "很好", "start": 2, "end": 4, "score": 0.0},
    ]


def test_words_that_were_not_read_have_no_score():
    tokens = [{"start": 0, "end": 1, "score": 1.0}]
    assert [word["text"] for word in merge_words("电网很好", tokens, [(0, 2), (2, 4)])] == ["电网"]


def test_a_reading_joins_what_stands_for_the_same_characters():
    first = View([2, 5, 6, 9, 3], [None, Span("a", 0, 1), Span("a", 1, 3), Literal("很", 0), None])
    second = View([2, 9, 7, 5], [None, Literal("很", 0), Span("b", 0, 2), Span("a", 2, 3)])
    reading = Reading({"b": "电网", "a": "变压器"}, [first, second])
    assert reading.units == [Span("b", 0, 2), Span("a", 0, 1), Span("a", 1, 3), Literal("很", 0)]
    assert (first.units, second.units) == ([KEPT, 1, 2, 3, KEPT], [KEPT, 3, 0, 2])
    assert (reading.spans, reading.positions) == (3, 9)


def found(target, **words):
    rows = [{"text": text, "start": 0, "end": 1, "score": score} for text, score in words.items()]
    return {"target": target, "output": "logit", "words": rows}


def test_telling_words_by_hand():
    table = telling_words(
        [
            found("好", 甜=3.0, 的=0.2),
            found("好", 甜=1.0, 的=-0.4),
            found("差", 甜=-2.0, 坏=9.0),
            found("差", 甜=-4.0),
        ]
    )
    assert [
        (row["class"], row["word"], row["score"], row["count"], row["mean"], row["texts"]) for row in table
    ] == [
        ("好", "甜", 1.0, 2, 2.0, 2),
        ("好", "的", pytest.approx(-0.05), 2, pytest.approx(-0.1), 2),
        ("差", "甜", -1.5, 2, -3.0, 2),
    ]
    assert table.of("好") == [table[0]] and table.of("差", against=True) == [table[2]]
    assert table.settings["rare_words"] == 1
    assert table.table.column_names == ["class", "word", "score", "count", "mean", "texts"]
    with pytest.raises(ValueError, match="class '中' is not in the table: expected one of '好', '差'"):
        table.of("中")
    with pytest.warns(UserWarning, match="no word occurs 9 times"):
        assert telling_words([found("好", 甜=3.0)], min_count=9) == []
    with pytest.warns(UserWarning, match="no text was explained"):
        telling_words([])


def test_the_table_is_saved_and_shown(tmp_path):
    table = telling_words([found("好<b>", 甜=3.0), found("好<b>", 甜=1.0, 酸=-1.0), found("好<b>", 酸=-1.0)])
    table.save(tmp_path / "words.csv")
    assert (tmp_path / "words.csv").read_text("utf-8-sig").splitlines()[1].startswith("好<b>,甜,1.0,2,2.0,2")
    page = table.report(tmp_path / "words.html", language="zh").read_text("utf-8")
    assert "好&lt;b&gt;" in page and "好<b>" not in page and "甜" in page and "反对" in page
