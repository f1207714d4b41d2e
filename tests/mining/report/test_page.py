"""The HTML page of a lexicon: what it embeds, what it says, what it refuses."""

import base64
import hashlib
import json
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.mining.report import WORD_COLUMNS, Column, write_report
from zhnlp.mining.report.escape import plain, script_json
from zhnlp.mining.report.labels import _LABELS
from zhnlp.mining.report.nested import nested_html
from zhnlp.mining.report.payload import pack_contexts
from zhnlp.mining.report.summary import total_seconds


def test_rows_are_embedded_as_columns_with_null_for_what_is_not_a_number(make, lexicon):
    data = make(lexicon).data
    assert data["values"]["word"] == ["深度学习", "学习", "的", "GPT-4o"]
    assert data["values"]["pmi"] == [6.0, 5.0, None, None]
    assert data["values"]["known"] == [0, 1, 1, 0]
    assert data["values"]["document_count"] == [9, None, None, None]
    assert data["contexts"] == {
        "row": [0, 3],
        "before": ["他研究", "用"],
        "hit": ["深度学习", "GPT-4o"],
        "after": ["三年", "写"],
        "document": [4, 0],
    }
    assert [column["key"] for column in data["columns"]] == [
        column.key for column in WORD_COLUMNS if column.key in {key for row in lexicon for key in row}
    ]


def test_header_tells_words_new_words_characters_and_seconds(make, lexicon):
    text = make(lexicon).text
    assert "4 words found 2 new words 50% of the list" in text
    assert "1,234,567 characters read in 31 documents 1.75 seconds" in text
    assert "20240501" in text  # a seed is copied, so it has no thousands marks


def test_faults_of_the_corpus_are_prominent_and_blanks_are_not(make, lexicon):
    def warnings(page):
        return [a for tag, a in page.elements if tag == "aside" and a.get("class") == "warning"]

    page = make(lexicon)
    assert len(warnings(page)) == 1
    assert "input skipped: 3 (3 × not JSON)" in page.text
    assert "lines with broken bytes: 2" in page.text
    calm = make(lexicon, corpus={"skipped": {"blank": 4}})
    assert not warnings(calm)
    assert "blank documents passed over: 4" in calm.text


def test_columns_nobody_described_come_last_and_term_stands_for_word(make):
    columns = make([{"term": "变压器", "reference_count": 0, "share": 0.5, "cluster": "电力"}]).data[
        "columns"
    ]
    assert [(column["key"], column["format"]) for column in columns] == [
        ("term", "word"),
        ("reference_count", "integer"),
        ("share", "number"),
        ("cluster", "text"),
    ]


def test_given_columns_set_heading_order_and_language(make):
    columns = [
        Column("term", "term", format="word", heading_zh="术语"),
        Column("rise", "rise", "How much.", heading_zh="涨幅"),
    ]
    told = make([{"term": "变压器", "count": 3, "rise": 2.0}], columns=columns, language="zh").data["columns"]
    assert [column["heading"] for column in told] == ["术语", "涨幅", "count"]
    assert told[1]["meaning"] == "How much."


def test_numpy_values_are_written_as_plain_numbers(make):
    row = {
        "word": "词",
        "count": np.int64(3),
        "score": np.float32(0.5),
        "known": np.bool_(True),
        "pmi": np.nan,
    }
    values = make([row, {"word": "语", "pmi": 1.0}]).data["values"]
    assert values == {
        "word": ["词", "语"],
        "count": [3, None],
        "score": [0.5, None],
        "pmi": [None, 1.0],
        "known": [1, None],
    }


def test_a_line_is_cut_around_its_word_by_characters_not_code_units():
    text = "𠮷" * 100 + "野家" + "。" * 100
    packed = pack_contexts([{"example": {"text": text, "start": 100, "end": 102}}], context=3)
    assert (packed["before"], packed["hit"], packed["after"]) == (["…𠮷𠮷𠮷"], ["野家"], ["。。。…"])


def test_several_examples_of_a_row_are_all_kept(line):
    packed = pack_contexts(
        [{"word": "a"}, {"word": "词", "examples": [line("词语", "词"), line("单词", "词")]}]
    )
    assert packed["row"] == [1, 1]


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_survives_the_script_element(text):
    written = script_json(plain({"word": text}))
    assert not re.search("[<>&\u2028\u2029]", written)
    written.encode("utf-8")  # a lone surrogate would raise
    if not re.search("[\ud800-\udfff]", text):
        assert json.loads(written)["word"] == text


def test_hostile_text_never_becomes_markup(make, lexicon, hostile):
    plain_page = make(lexicon)
    rows = lexicon
    rows[0].update(
        word=hostile, note=hostile, example={"text": hostile + "\u2028\ud800", "start": 0, "end": 9}
    )
    page = make(
        rows,
        corpus={"repaired_lines": 2, "skipped": {hostile: 1, "blank": 1}, hostile: [hostile]},
        settings={hostile: {hostile: hostile}},
        title=hostile,
    )
    assert len(page.scripts) == len(plain_page.scripts) == 2
    assert page.scripts[1] == plain_page.scripts[1]
    assert page.data["values"]["word"][0] == page.data["values"]["note"][0] == hostile
    assert page.data["contexts"]["after"][0].endswith("\u2028�")


def test_the_page_asks_nothing_of_a_network_and_allows_only_its_own_script(make, lexicon):
    page = make(lexicon)
    for tag, attributes in page.elements:
        assert tag not in ("link", "img", "iframe", "base")
        assert "src" not in attributes
        assert attributes.get("href", "#").startswith("#")
        assert not any(name.startswith("on") or name == "style" for name in attributes)
    everything = page.style + "".join(page.scripts)
    assert set(re.findall(r"https?://[^\s\"']+", everything)) == {"http://www.w3.org/2000/svg"}
    assert "url(" not in page.style and "@import" not in page.style
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", page.scripts[1])
    policy = next(
        a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"
    )
    for kind, text in (("script", page.scripts[1]), ("style", page.style)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


@pytest.mark.parametrize("language", ["en", "zh"])
def test_references_between_elements_hold(make, language, lexicon):
    page = make(lexicon, language=language)
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    for _, a in page.elements:
        for name in ("aria-labelledby", "aria-controls"):
            assert a.get(name, ids[0]) in ids
        if a.get("href", "").startswith("#"):
            assert a["href"][1:] in ids
    assert "{{" not in page.text


def test_every_label_is_used_and_every_used_label_exists():
    folder = files("zhnlp.mining.report")
    sources = [f.read_text(encoding="utf-8") for f in (folder / "templates").iterdir()]
    sources += [
        (folder / name).read_text(encoding="utf-8") for name in ("summary.py", "page.py", "rejected.py")
    ]
    text = "\n".join(sources)
    asked = set(re.findall(r"\bsay\(\"(\w+)\"", text)) | set(re.findall(r"\{\{label_(\w+)\}\}", text))
    assert asked <= _LABELS.keys()
    loose = {key for key in _LABELS if not re.search(rf"[\"'_]{key}\b", text)}
    computed = {f"plot_{plot}" for plot in ("score", "scatter", "zipf", "length", "frequency", "map")}
    assert loose - computed == set()


@pytest.mark.parametrize("key", _LABELS)
def test_both_languages_fill_the_same_slots(key):
    english, chinese = ({*re.findall(r"\{\w+\}", text)} for text in _LABELS[key])
    assert english == chinese


@pytest.mark.parametrize(
    ("corpus", "settings", "reason"),
    [
        ({"characters": 0}, {}, "Nothing was read"),
        ({"characters": 90}, {"parameters": {"min_count": 5}}, "a candidate needs 5 occurrences"),
        ({"characters": 9_000_000}, {"min_count": 5, "min_pmi": 2}, r"\(min_count=5, min_pmi=2\)"),
        ({}, {}, "see the settings below"),
    ],
)
def test_an_empty_list_is_a_page_that_says_why_and_a_warning(make, corpus, settings, reason):
    with pytest.warns(UserWarning, match=reason):
        page = make([], corpus=corpus, settings=settings)
    assert "No word was found" in page.text
    assert re.search(reason, page.text)
    assert next(a for _, a in page.elements if a.get("id") == "words").get("hidden", 0) is None


def test_a_corpus_report_object_and_paths_are_understood(make, lexicon):
    class Report:
        def as_dict(self):
            return {"documents": 3, "encodings": {"a.txt": "gb18030"}, "root": Path("corpora")}

    text = make(lexicon, corpus=Report(), settings={"lengths": {3, 1}}).text
    assert "a.txt gb18030" in text and "root corpora" in text and "1, 3" in text


def test_long_lists_are_cut_and_counted():
    html = nested_html({"encodings": {f"{i}.txt": "gbk" for i in range(130)}})
    assert html.count("gbk") == 100 and "and 30 more" in html


def test_seconds_are_a_total_or_a_sum():
    assert total_seconds({"seconds": {"total": 9.0, "count": 1.0}}) == 9.0
    assert total_seconds({"seconds": 4}) == 4.0
    assert total_seconds({}) is None


def test_the_old_page_stays_when_writing_fails(tmp_path, monkeypatch, lexicon):
    path = tmp_path / "deep" / "er" / "page.html"
    write_report(path, lexicon, corpus={}, settings={})
    before = path.read_bytes()
    with pytest.raises(ValueError, match="start=5, end=99"):
        write_report(path, [{"word": "词", "example": {"text": "词语", "start": 5, "end": 99}}])

    def fail(self, target):
        raise OSError("no space")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        write_report(path, lexicon[:1])
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["page.html"]


@pytest.mark.parametrize(
    ("rows", "options", "error", "message"),
    [
        ([{"count": 1}], {}, ValueError, r"rows\[0\] has the keys \['count'\], expected 'word' or 'term'"),
        ([{"word": "a"}, {"word": ""}], {}, TypeError, r"rows\[1\]\['word'\] is '', expected text"),
        (
            [{"word": "a", "count": "many"}],
            {},
            TypeError,
            r"rows\[0\]\['count'\] is 'many', expected a number",
        ),
        (["词"], {}, TypeError, r"rows\[0\] is of type str, expected a dict"),
        (
            [{"word": "a"}],
            {"language": "fr"},
            ValueError,
            "language='fr' is not known, expected 'en' or 'zh'",
        ),
        (
            [{"word": "a", "example": {"text": "a"}}],
            {},
            ValueError,
            "start=None, end=None and a text of 1 char",
        ),
    ],
)
def test_what_cannot_be_shown_is_refused_before_anything_is_written(tmp_path, rows, options, error, message):
    with pytest.raises(error, match=message):
        write_report(tmp_path / "page.html", rows, **options)
    assert not list(tmp_path.iterdir())


def test_a_folder_and_an_unknown_format_are_refused(tmp_path, lexicon):
    with pytest.raises(IsADirectoryError, match=r"is a folder, expected a file: write to .*report\.html"):
        write_report(tmp_path, lexicon)
    with pytest.raises(ValueError, match="column 'x' has format='float', expected one of 'word'"):
        Column("x", "x", format="float")


def test_the_report_needs_no_torch():
    code = "import sys, zhnlp.mining.report; sys.exit(bool({'torch', 'transformers'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
