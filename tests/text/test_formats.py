"""txt, csv, tsv, jsonl, parquet, packed or not: what comes out, and what is said about the rest."""

import bz2
import csv
import gzip
import io
import json
import lzma
import warnings

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.text import Corpus, CorpusError, CorpusReport, CorpusWarning
from zhnlp.text.readers.delimited import rows

PACK = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda data: zstandard.ZstdCompressor().compress(data),
}


@pytest.fixture
def write(tmp_path):
    def write(name, data):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    return write


def read(path, **options):
    corpus = Corpus.from_paths(path, **options)
    return list(corpus), corpus.report


@pytest.mark.parametrize("suffix", ["", *PACK])
def test_packed_files_read_like_plain_ones_by_content_not_by_name(write, suffix):
    data = "第一行\n第二行😀\n".encode()
    packed = PACK[suffix](data) if suffix else data
    for name in ("a.txt" + suffix, "b.txt"):
        documents, report = read(write(name, packed))
        assert documents == ["第一行", "第二行😀"]
        assert report.bytes == len(packed)


@pytest.mark.parametrize("suffix", list(PACK))
def test_members_one_after_the_other_are_read_on(write, suffix):
    assert read(write("a.txt", PACK[suffix]("天地\n".encode()) + PACK[suffix]("玄黄\n".encode())))[0] == [
        "天地",
        "玄黄",
    ]


@pytest.mark.parametrize("suffix", list(PACK))
def test_cut_packed_files_give_what_is_before_the_cut_and_are_counted(write, suffix):
    import random

    lines = [
        "".join(random.Random(k).choices("天地玄黄宇宙洪荒日月盈昃", k=40)) for k in range(200_000 // 40)
    ]
    packed = PACK[suffix]("\n".join(lines).encode())
    path = write("a.txt" + suffix, packed[: len(packed) * 2 // 3])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CorpusWarning)  # bz2 works in blocks of 900 KB: nothing may come
        documents, report = read(path)
    assert report.skipped["damaged or cut file"] == 1
    assert documents[:-1] == lines[: max(0, len(documents) - 1)]
    if suffix in (".gz", ".xz"):
        assert len(documents) > 1_000
    with pytest.raises(CorpusError, match="damaged or cut file"):
        read(path, strict=True)


def test_a_wrong_length_at_the_end_is_counted(write):
    packed = bytearray(gzip.compress("天地玄黄\n".encode() * 1_000))
    packed[-4] ^= 0xFF
    documents, report = read(write("a.gz", bytes(packed)))
    assert documents == ["天地玄黄"] * 1_000 and report.skipped == {"damaged or cut file": 1}


def test_csv_with_quoted_line_ends_and_quotes(write):
    documents, report = read(
        write("a.csv", 'id,text\r\n1,"第一行\r\n第""二""行"\r\n2,无引号\r\n\r\n3\r\n4,a,b\r\n')
    )
    assert documents == ['第一行\n第"二"行', "无引号"]
    assert report.skipped == {"row has too few fields": 1, "row has too many fields": 1}
    assert report.examples[0][1] == 6  # the line number of "3"


def test_tsv_and_its_stray_quotes(write):
    documents, report = read(write("a.tsv", 'text\tlabel\n他说"好"\t1\n"没有结尾\t0\n后面的\t1\n'))
    assert documents == ['他说"好"', "后面的"]
    assert report.skipped == {"unclosed quote": 1}


class Text:
    path = "table.csv"

    def __init__(self, text):
        self.text = text

    def __iter__(self):
        yield self.text


cells = st.text(st.sampled_from('中a,"\n '), max_size=6)


@given(st.lists(st.lists(cells, min_size=2, max_size=4), max_size=6))
def test_rows_written_by_pythons_csv_are_read_back(table):
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(table)
    assert [row for _, row in rows(Text(out.getvalue()), ",", 1_000, CorpusReport())] == table


@given(st.text(st.sampled_from('中a,"\n'), max_size=30))
def test_any_table_is_read_like_pythons_csv(text):
    """Oracle; a quote that is never closed is the one thing taken differently."""
    report = CorpusReport()
    ours = [row for _, row in rows(Text(text), ",", 1_000, report)]
    if not report.skipped:
        assert ours == [row for row in csv.reader(io.StringIO(text, newline="")) if row]


def test_jsonl_faults_are_counted_with_line_numbers(write):
    data = '{"text": "好"}\n{broken\n\n{"title": "无"}\n{"text": 3}\n"一个字符串"\n[1]\n{"text": "a\\nb\\ud800"}\n{"text": ""}'
    documents, report = read(write("a.jsonl", data))
    assert documents == ["好", "一个字符串", "a\nb\ufffd"]
    assert report.skipped == {
        "broken JSON": 1,
        "no field 'text'": 1,
        "field is int, not text": 1,
        "row is no object": 1,
        "blank": 1,
    }
    assert report.repaired_lines == 1
    assert [line for _, line, _ in report.examples][:4] == [2, 4, 5, 7]
    with pytest.raises(CorpusError, match=r"a\.jsonl:2: broken JSON"):
        read(write("a.jsonl", data), strict=True)


def test_jsonl_fields(write):
    path = write("a.jsonl", '{"title": "题", "body": {"text": "文"}, "n": 1}\n{"title": "仅题"}\n')
    assert read(path, text_field="title,body.text")[0] == ["题\n文", "仅题"]
    assert read(path, text_field=["body.text", "title"])[0] == ["文\n题", "仅题"]
    with pytest.warns(CorpusWarning, match="no row has the field 'titel'"):
        read(path, text_field="titel,body.text")
    with pytest.warns(
        CorpusWarning, match=r"gave no document: 2 x no field 'nothing'.*the row has 'title', 'body'"
    ):
        read(path, text_field="nothing")
    assert read(path)[0] == ["题", "仅题"]  # the only text there is
    with pytest.raises(CorpusError, match=r"which column is the text\? Found 'a', 'b'"):
        read(write("b.jsonl", '{"a": "x", "b": "y"}'))


def test_a_json_array_is_named_with_the_way_out(write):
    for data in ('[{"text": "好"}]', '[\n{"text": "好"}\n]'):
        with pytest.warns(CorpusWarning, match="jq -c"):
            assert read(write("a.json", data))[0] == []


def test_a_table_without_an_obvious_column_is_refused_with_its_columns(write):
    path = write("a.csv", "id,body\n1,好\n")
    with pytest.raises(CorpusError, match=r"Found 'id', 'body'.*text_field='id'"):
        read(path)
    with pytest.raises(CorpusError, match=r"no column 'bodi'.*did you mean text_field='body'"):
        read(path, text_field="bodi")
    assert read(path, text_field="body")[0] == ["好"]
    assert read(write("b.csv", "body\n好\n"))[0] == ["好"]
    # Later on, one such file among many is counted, not fatal.
    documents, report = read([write("0.csv", "text\n甲\n"), path])
    assert documents == ["甲"] and report.skipped == {"no text field": 1}


def test_parquet(write, tmp_path):
    path = tmp_path / "a.parquet"
    rows_ = [{"title": f"题{k}", "meta": {"body": f"文{k}"}, "n": k} for k in range(3_000)]
    rows_[5]["title"] = None
    pq.write_table(pa.Table.from_pylist(rows_), path, row_group_size=700)
    documents, report = read(path, text_field="title")
    assert documents == [row["title"] for row in rows_ if row["title"]]
    assert report.skipped == {"no field 'title'": 1} and report.bytes == path.stat().st_size
    assert read(path, text_field="title,meta.body")[0][0] == "题0\n文0"
    with pytest.raises(CorpusError, match="Found 'title', 'meta', 'n'"):
        read(path)
    with pytest.warns(CorpusWarning, match="damaged or cut file"):
        read(write("b.parquet", path.read_bytes()[:-100]))


def test_long_rows_are_cut_at_sentence_ends_and_counted(write):
    documents, report = read(
        write("a.jsonl", json.dumps({"text": "一二三。四五六七"}, ensure_ascii=False)), max_line=5
    )
    assert documents == ["一二三。", "四五六七"] and report.split_lines == 1


def test_units_of_plain_text(write):
    path = write("a.txt", "一\r\n二\r\n \r\n\r\n三\n")
    assert read(path)[0] == ["一", "二", "三"]
    assert read(path, unit="paragraph")[0] == ["一\n二", "三"]
    assert read(path, unit="file")[0] == ["一\n二\n \n\n三"]
