"""Ranked tables of any kind: lists in every format, steady types, the same exports as words."""

import csv
import json

import pyarrow
import pyarrow.parquet
import pytest

from zhnlp.mining.export import row_text
from zhnlp.mining.reference import read_ranked
from zhnlp.mining.segmenter import Segmenter
from zhnlp.mining.table import RankedTable, WordTable

EXAMPLE = {"text": "主变压器跳闸", "start": 0, "end": 4, "document": 3, "offset": 20}


class Terms(RankedTable):
    columns = {  # noqa: RUF012
        "term": "text",
        "count": "whole",
        "similarity": "real",
        "nested": "texts",
        "known": "flag",
        "example": "example",
    }


@pytest.fixture
def terms():
    row = {"term": "主变压器", "count": 9, "similarity": None, "nested": ["变压器", "主变"]}
    bare = {"term": "变压器", "count": 40, "similarity": None, "nested": []}
    return Terms([{**row, "known": True, "example": EXAMPLE}, {**bare, "known": False, "example": None}])


def test_lists_are_joined_in_csv_and_kept_elsewhere(terms, tmp_path):
    with terms.save(tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["nested"] for row in rows] == ["变压器|主变", ""]
    assert (rows[0]["example"], rows[0]["offset"]) == (EXAMPLE["text"], "20")
    lines = terms.save(tmp_path / "t.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == list(terms)
    table = pyarrow.parquet.read_table(terms.save(tmp_path / "t.parquet"))
    assert table.to_pylist() == list(terms)


def test_types_are_the_same_with_and_without_rows(terms):
    assert Terms().table.schema == terms.table.schema
    assert terms.table.schema.field("nested").type == pyarrow.list_(pyarrow.string())
    assert terms.table.schema.field("similarity").type == pyarrow.float64()


def test_an_empty_table_says_so_and_has_the_same_header(terms, tmp_path):
    full = terms.save(tmp_path / "full.csv").read_text("utf-8-sig").splitlines()[0]
    with pytest.warns(UserWarning, match="will hold no word"):
        empty = Terms().save(tmp_path / "empty.csv").read_text("utf-8-sig")
    assert empty == full + "\n"
    assert full == "term,count,similarity,nested,known,example,document,offset"


def test_a_column_that_only_later_rows_have_is_kept(tmp_path):
    table = Terms([{"term": "电网", "count": 2}, {"term": "电站", "count": 1, "x": 0.5}])
    assert table.table.column("x").to_pylist() == [None, 0.5]
    header = table.save(tmp_path / "t.tsv").read_text("utf-8-sig").splitlines()[0]
    assert header.split("\t")[:3] == ["term", "count", "x"]


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet", ".dict", ".txt"])
def test_every_file_reads_back_as_the_ranked_terms(terms, tmp_path, suffix):
    assert read_ranked(terms.save(tmp_path / f"t{suffix}")) == ["主变压器", "变压器"]


@pytest.mark.parametrize(
    ("format", "written"),
    [
        ("jieba", "主变压器 9\n变压器 40\n"),
        ("hanlp", "主变压器 nz 9\n变压器 nz 40\n"),
        ("ik", "主变压器\n变压器\n"),
        ("list", "主变压器\n变压器\n"),
    ],
)
def test_terms_are_exported_as_words_are(terms, tmp_path, format, written):
    assert terms.save(tmp_path / "t", format=format).read_text("utf-8") == written


def test_a_segmenter_and_a_tokenizer_know_the_terms(terms, tmp_path):
    assert Segmenter.load(terms.save(tmp_path / "t.jsonl")).words("主变压器与变压器") == [
        "主变压器",
        "与",
        "变压器",
    ]
    folder = terms.save(tmp_path / "model", format="tokenizer")
    pieces = json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    assert {"主变压器", "变压器"} <= {piece for piece, _ in pieces}


def test_tables_name_themselves_and_their_rows(terms):
    assert repr(terms) == "Terms(主变压器 9, 变压器 40)"
    assert repr(WordTable([{"word": str(i), "count": 1} for i in range(7)])).endswith("4 1, … 7 in all)")
    assert terms.words == ["主变压器", "变压器"]
    with pytest.raises(ValueError, match=r"whose word is None \(its keys: name\), expected text"):
        row_text({"name": "电网"})
