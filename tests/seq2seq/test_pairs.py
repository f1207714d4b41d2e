"""Articles with titles out of lists, tables and files."""

import json

import datasets
import pytest

from zhnlp.seq2seq.pairs import read_pairs

PAIRS = [("电网今天检修", "检修"), ("明天下雨", "有雨")]
RIGHT = (["电网今天检修", "明天下雨"], ["检修", "有雨"])


def test_whatever_they_are_kept_in(tmp_path):
    pandas = pytest.importorskip("pandas")
    assert read_pairs(PAIRS) == RIGHT
    assert read_pairs(iter(PAIRS)) == RIGHT
    assert read_pairs([{"content": a, "title": b} for a, b in PAIRS]) == RIGHT
    assert read_pairs(pandas.DataFrame({"text": RIGHT[0], "title": RIGHT[1]})) == RIGHT
    assert read_pairs(datasets.Dataset.from_dict({"abst": RIGHT[0], "title": RIGHT[1]})) == RIGHT
    lines = "".join(json.dumps({"正文": a, "标题": b}, ensure_ascii=False) + "\n" for a, b in PAIRS)
    (tmp_path / "a.jsonl").write_text(lines, encoding="utf-8")
    (tmp_path / "b.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in PAIRS), encoding="utf-8")
    (tmp_path / "c.csv").write_text("n,k\n" + "".join(f"{a},{b}\n" for a, b in PAIRS), encoding="utf-8")
    assert read_pairs(tmp_path / "a.jsonl") == read_pairs(str(tmp_path / "b.tsv")) == RIGHT
    assert read_pairs(tmp_path / "c.csv", ("n", "k")) == RIGHT
    assert read_pairs([tmp_path / "a.jsonl", tmp_path / "b.tsv"]) == (RIGHT[0] * 2, RIGHT[1] * 2)


def test_what_is_broken_is_counted_and_said():
    with pytest.warns(
        UserWarning, match="3 pairs were left out: 2 x blank title, 1 x article is int, not text"
    ):
        assert read_pairs([*PAIRS, ("有文", ""), ("有文", " "), (3, "题")]) == RIGHT


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        ([], ValueError, "there is no pair of an article and its title"),
        ([{"a": "x", "b": "y"}], ValueError, r"keys 'a', 'b'.*Next: fields="),
        (["电网"], FileNotFoundError, "电网"),
        ([3], TypeError, "got 3 for a pair"),
        (3, TypeError, "got int"),
    ],
)
def test_refusals(data, error, said):
    with pytest.raises(error, match=said):
        read_pairs(data)


def test_fields_are_two():
    with pytest.raises(ValueError, match="expected the names of article and title"):
        read_pairs(PAIRS, "title")
