"""Answers from files in their three forms, brought into the order of questions.

Run: pytest tests/reading/test_predictions.py
"""

import pytest

from zhnlp.reading.predictions import in_order, read_predictions

FORMS = {
    "cmrc.json": '{"b": "乙", "a": "甲"}',
    "list.json": '[{"id": "b", "answer": "乙"}, {"id": "a", "answer": "甲"}]',
    "rows.jsonl": '{"id": "b", "answer": "乙", "score": 1}\n\n{"id": "a", "answer": "甲"}\n',
    "one.tsv": "\ufeffb\t乙\r\na\t甲\r\n",
}


@pytest.mark.parametrize("name", list(FORMS))
def test_forms(name, tmp_path):
    (tmp_path / name).write_text(FORMS[name], encoding="utf-8")
    assert read_predictions(tmp_path / name) == {"b": "乙", "a": "甲"}


def test_one_row_and_empty_answers(tmp_path):
    (tmp_path / "a").write_text('{"id": 7, "answer": ""}', encoding="utf-8")
    assert read_predictions(tmp_path / "a") == {"7": ""}
    (tmp_path / "b").write_text("7\n8\t\n", encoding="utf-8")
    assert read_predictions(tmp_path / "b") == {"7": "", "8": ""}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": "甲", "a": "乙"}', "'a' has an answer above too"),
        ("a\t甲\na\t乙\n", "line 2"),
        ('{"a": ["甲"]}', "expected a text"),
        ("a\t甲\t乙\n", "3 fields"),
        ('{"id": "a", "text": "甲"}\n{"id": "b"}', "row 1 is no answer"),
        ("\n", "holds no answer"),
    ],
    ids=["twice", "twice-in-lines", "list", "fields", "keys", "empty"],
)
def test_refusals(text, said, tmp_path):
    (tmp_path / "a").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=said):
        read_predictions(tmp_path / "a")


def test_order_gaps_and_strangers():
    assert in_order({"a": "甲", "b": "乙"}, ["b", "a"]) == ["乙", "甲"]
    with pytest.warns(UserWarning, match="1 questions have no answer and count as wrong, 1 answers"):
        assert in_order({"a": "甲", "z": "鬼"}, ["b", "a"]) == ["", "甲"]
    with pytest.raises(ValueError, match="none of the 1 questions has an answer"):
        in_order({"z": "鬼"}, ["a"])
