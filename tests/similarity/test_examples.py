import json

import pytest

from zhnlp.similarity import Examples, join_pairs, read_examples


def test_rows_become_columns():
    pairs = Examples.of("pairs", [("甲", "乙", 1), ("丙", "丁", 0)])
    assert pairs.columns == (["甲", "丙"], ["乙", "丁"])
    assert pairs.labels == [1.0, 0.0]
    assert Examples.of("pairs", [("甲", "乙")]).labels is None
    assert Examples.of("texts", ["甲", "乙", "甲"]).texts() == ["甲", "乙"]
    assert pairs.take([1]).columns == (["丙"], ["丁"])


@pytest.mark.parametrize(
    ("form", "rows", "message"),
    [
        ("couples", [], "form='couples'"),
        ("pairs", [("甲",)], r"rows of pairs have \[1\] parts: expected 2 or 3"),
        ("triples", [("甲", "乙", "丙"), ("甲", "乙")], r"\[2, 3\] parts: expected 3"),
        ("texts", [], "expected 1 in all of them"),
        ("pairs", [("甲", "乙", float("nan"))], "no finite number"),
    ],
)
def test_unfit_rows_are_refused(form, rows, message):
    with pytest.raises(ValueError, match=message):
        Examples.of(form, rows)


def test_what_is_no_text_is_refused():
    with pytest.raises(TypeError, match="text 1 is int"):
        Examples.of("triples", [("甲", "乙", "丙"), (1, "乙", "丙")])


def test_texts_of_a_test_are_left_out_whatever_their_width():
    pairs = Examples.of("pairs", [("ＡＰＰ 退款", "乙", 1), ("丙", "丁", 0)])
    with pytest.warns(UserWarning, match="1 of 2 pairs"):
        left = pairs.without(["app退款"])
    assert left.columns == (["丙"], ["丁"])


def test_groups_are_what_positive_pairs_join():
    pairs = Examples.of("pairs", [("a", "b", 1), ("c", "d", 1), ("b", "e", 1), ("d", "a", 0), ("f", "f", 1)])
    groups = join_pairs(pairs)
    assert list(zip(groups.labels, groups.columns[0])) == [(0, "a"), (0, "b"), (0, "e"), (1, "c"), (1, "d")]
    assert join_pairs(pairs, most=2).columns[0] == ["c", "d"]
    with pytest.raises(ValueError, match="join no group"):
        join_pairs(Examples.of("pairs", [("a", "b", 0)]))


def test_files_with_headers_and_without(tmp_path):
    (tmp_path / "groups.tsv").write_text("1\t怎么退款\n1\t如何退钱\n2\t何时发货\n", "utf-8")
    groups = read_examples(tmp_path / "groups.tsv", "groups")
    assert (groups.labels, groups.columns[0][1]) == (["1", "1", "2"], "如何退钱")
    rows = [
        {"sentence1": "甲", "sentence2": "乙", "label": 3},
        {"sentence1": "丙", "sentence2": "丁", "label": "0"},
    ]
    (tmp_path / "pairs.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    assert read_examples(tmp_path / "pairs.jsonl", "pairs").labels == [3.0, 0.0]
    (tmp_path / "plain.tsv").write_text("甲\t乙\n丙\t丁\n", "utf-8")
    assert read_examples(tmp_path / "plain.tsv", "pairs").labels is None
    (tmp_path / "triples.csv").write_text("q,yes,no\n甲,乙,丙\n", "utf-8")
    triples = read_examples(tmp_path / "triples.csv", "triples", ("q", "yes", "no"))
    assert triples.columns == (["甲"], ["乙"], ["丙"])


def test_broken_rows_are_counted(tmp_path):
    (tmp_path / "texts.jsonl").write_text('{"text": "甲"}\n{"text": 3}\n{broken\n', "utf-8")
    with pytest.warns(UserWarning, match="2 rows were left out"):
        assert read_examples(tmp_path / "texts.jsonl", "texts").columns == (["甲"],)
    (tmp_path / "none.jsonl").write_text("", "utf-8")
    with pytest.raises(ValueError, match="gave no texts"):
        read_examples(tmp_path / "none.jsonl", "texts")
