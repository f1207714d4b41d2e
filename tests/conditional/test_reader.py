"""Texts between begin and end, cut behind a sentence; what is never written.

Run: pytest tests/conditional/test_reader.py
"""

import pytest
from small_models import VOCABULARY, make_model, make_tokenizer

from zhnlp.conditional.reader import TextReader


@pytest.fixture
def reader():
    return TextReader(make_tokenizer(causal=True), make_model("gpt2").config, max_length=12)


def test_short_texts_are_whole_and_long_ones_end_behind_a_sentence(reader):
    rows = reader.read(["今天天气很好", "今天天气很好。北京大学生研究电网", "好" * 30, ""])
    assert [reader.text(row) for row in rows] == ["今天天气很好", "今天天气很好。", "好" * 12, ""]
    assert all(row[0] == 2 and row[-1] == 3 for row in rows)


def test_beyond_the_positions_the_end_is_missing():
    reader = TextReader(make_tokenizer(causal=True), make_model("gpt2").config, max_length=1000)
    [row] = reader.read(["好" * 500])
    assert len(row) == 64 and row[-1] != 3


def test_unknown_characters_are_not_learnt_or_written(reader):
    [row] = reader.read(["好龘好"])
    assert reader.labels(row) == [-100, row[1], -100, row[3], 3]
    assert set(reader.never(len(VOCABULARY) + 2)) == {0, 1, 2, 4, len(VOCABULARY), len(VOCABULARY) + 1}


def test_refusals(reader):
    with pytest.raises(TypeError, match="text 1 is NoneType"):
        reader.read(["好", None])
    with pytest.raises(ValueError, match="max_length=0"):
        TextReader(make_tokenizer(causal=True), max_length=0)
    bare = make_tokenizer()
    bare.sep_token = None
    with pytest.raises(ValueError, match="expected a token that ends a text"):
        TextReader(bare)
