import io
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.text import Corpus, CorpusError, CorpusReport, CorpusWarning


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "b.txt").write_text("二\n", encoding="utf-8")
    (tmp_path / "a.txt").write_text("一\n", encoding="utf-8")
    (tmp_path / "sub" / "c.jsonl").write_text('{"text": "三"}\n', encoding="utf-8")
    (tmp_path / "sub" / "deep" / "d.csv").write_text("text\n四\n", encoding="utf-8")
    (tmp_path / "readme.md").write_text("五\n", encoding="utf-8")
    (tmp_path / ".hidden" / "e.txt").write_text("六\n", encoding="utf-8")
    return tmp_path


def test_folders_patterns_and_lists_are_read_in_sorted_order_and_once(folder):
    corpus = Corpus.from_paths(folder)
    assert list(corpus) == list(corpus) == ["一", "二", "三", "四"]
    assert corpus.report.skipped == {"file of unknown kind (.md)": 1} and corpus.report.files == 4
    assert list(Corpus.from_paths(str(folder / "*.txt"))) == ["一", "二"]
    assert sorted(Corpus.from_paths(str(folder / "**" / "*.[cj]*"))) == ["三", "四"]
    both = [folder / "b.txt", str(folder / "*.txt"), folder / "sub" / ".." / "b.txt"]
    assert list(Corpus.from_paths(both)) == ["二", "一"]
    assert list(Corpus.from_paths(folder / "readme.md")) == ["五"]
    (folder / "x[1].txt").write_text("方", encoding="utf-8")
    assert list(Corpus.from_paths(folder / "x[1].txt")) == ["方"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("c.txt", r"no such file or folder: .*nearest names in .*: .*\.txt"),
        ("sub/*.txt", r"pattern matches nothing: .*holds 2 entries: c\.jsonl, deep"),
        ("sib/c.jsonl", "nearest names in .*: sub"),
        (".hidden/../sub/empty", "no such file"),
    ],
)
def test_what_is_not_there_is_refused_with_the_nearest_names(folder, name, message):
    with pytest.raises(FileNotFoundError, match=message):
        Corpus.from_paths(str(folder / name))


def test_an_empty_path_is_not_the_folder_one_is_in():
    with pytest.raises(FileNotFoundError, match="the path is empty"):
        Corpus.from_paths("")


def test_a_folder_without_known_files_names_what_it_has(folder):
    (folder / "docs").mkdir()
    (folder / "docs" / "x.md").write_text("x", encoding="utf-8")
    with pytest.raises(FileNotFoundError, match=r"holds no file of a known kind .*it has: \.md"):
        Corpus.from_paths(folder / "docs")


def test_of_takes_what_there_is(folder):
    path = folder / "a.txt"
    assert list(Corpus.of(str(path))) == [str(path)]  # a str is a text
    assert list(Corpus.of(path)) == list(Corpus.of([path])) == ["一"]
    assert list(Corpus.of("一。二")) == ["一。二"]
    assert list(Corpus.of(("一", "二"))) == ["一", "二"]
    assert list(Corpus.of(text for text in "一二")) == ["一", "二"]
    corpus = Corpus.of("x")
    assert Corpus.of(corpus) is corpus
    assert list(Corpus.of(path.open("rb"))) == ["一"]
    assert list(Corpus.of(io.StringIO("一\n二"))) == ["一", "二"]
    rows = {"text": ["一", None, "三"], "n": [1, 2, 3]}
    for table in (datasets.Dataset.from_dict(rows), pd.DataFrame(rows), pa.table(rows)):
        corpus = Corpus.of(table)
        assert list(corpus) == list(corpus) == ["一", "三"]
        assert corpus.report.skipped == {"no text": 1}
    assert list(Corpus.of(datasets.Dataset.from_dict(rows)["text"])) == ["一", "三"]
    assert list(Corpus.of(pa.table(rows)["text"])) == ["一", "三"]
    assert list(Corpus.of(pd.Series(["一", "二"]))) == ["一", "二"]
    assert list(Corpus.of([{"t": "一", "u": "二"}], text_field="u,t")) == ["二\n一"]
    two = {"title": ["题"], "body": ["文"]}
    for table in (datasets.Dataset.from_dict(two), pd.DataFrame(two), pa.table(two)):
        assert list(Corpus.of(table, text_field="title,body")) == ["题\n文"]
        with pytest.raises(CorpusError, match="Found 'title', 'body'"):
            Corpus.of(table)


@pytest.mark.parametrize("wrong", [b"bytes", {"train": []}, 3, None, [Path("a"), "b"]])
def test_of_refuses_what_can_only_be_a_mistake(wrong):
    with pytest.raises(TypeError, match="expected"):
        Corpus.of(wrong)


def test_further_refusals(folder):
    with pytest.raises(TypeError, match="text 1 is int: '5', expected str"):
        list(Corpus.of(["a", 5]))
    with pytest.raises(TypeError, match="takes no further options, got unit"):
        Corpus.of(Corpus.of("x"), unit="line")
    with pytest.raises(TypeError, match="option encoding, unit is for files, but a str is a text"):
        Corpus.of("x.txt", unit="line", encoding="gbk")
    with pytest.raises(ValueError, match="unit got 'sentence'"):
        Corpus.from_paths(folder, unit="sentence")
    with pytest.raises(ValueError, match=r"encoding got 'uft-8', .* nearest: utf-8"):
        Corpus.from_paths(folder, encoding="uft-8")
    with pytest.raises(ValueError, match="encoding got 'base64'"):
        Corpus.from_paths(folder, encoding="base64")
    with pytest.raises(ValueError, match="max_line got 0"):
        Corpus.from_paths(folder, max_line=0)
    with pytest.raises(ValueError, match="size got 0"):
        Corpus.of("x").blocks(0)
    with pytest.raises(TypeError, match="progress got bool"):
        Corpus.from_paths(folder, progress=True)


@pytest.mark.parametrize(
    "make", [lambda: Corpus.of(iter(["一"])), lambda: Corpus.from_paths(io.BytesIO("一".encode()))]
)
def test_what_can_be_run_through_once_says_so(make):
    corpus = make()
    assert list(corpus) == ["一"]
    with pytest.raises(RuntimeError, match="only once"):
        list(corpus)
    with pytest.raises(RuntimeError, match="only once"):
        list(corpus.blocks())


def test_standard_input():
    code = "from zhnlp.text import Corpus; c = Corpus.from_paths('-'); print(ascii(list(c)), c.total_bytes(), c.fingerprint())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        input="一\n二".encode(),
        capture_output=True,
        check=True,
        env=environment(),
    )
    assert done.stdout.decode().split() == [r"['\u4e00',", r"'\u4e8c']", "None", "None"]


def environment():
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


def test_importing_is_cheap_and_silent():
    code = "import sys, zhnlp.text; print([m for m in ('torch', 'transformers', 'pyarrow', 'zstandard', 'datasets') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, check=True, env=environment()
    )
    assert done.stdout.strip() == b"[]" and not done.stderr


def test_lone_surrogates_in_memory_are_replaced_one_for_one():
    corpus = Corpus.of(["a\ud800b"])
    assert list(corpus) == ["a\ufffdb"] and corpus.report.repaired_lines == 1
    with pytest.raises(CorpusError, match="texts:1: half a surrogate pair"):
        list(Corpus.from_texts(["a\ud800b"], strict=True))


def test_an_empty_pass_warns_why():
    with pytest.warns(CorpusWarning, match="gave no document: 2 x blank"):
        list(Corpus.of(["", " "]))
    with pytest.warns(CorpusWarning, match="there was no input"):
        list(Corpus.of([]).blocks())


def test_report_is_new_for_each_pass_fits_a_screen_and_json(folder):
    (folder / "bad.jsonl").write_bytes(b'{"text": "\xff"}\n' + b"{\n" * 5_000)
    corpus = Corpus.from_paths(folder)
    list(corpus)
    first = corpus.report
    list(corpus.blocks())
    assert corpus.report is not first and corpus.report.as_dict() == first.as_dict()
    assert json.loads(json.dumps(first.as_dict()))["skipped"]["broken JSON"] == 5_000
    assert len(str(first).splitlines()) <= 20 and "5,000 x broken JSON" in str(first)
    assert first.bytes == sum(
        item.stat().st_size
        for item in folder.rglob("*.*")
        if item.suffix in (".txt", ".csv", ".jsonl") and ".hidden" not in str(item)
    )
    assert str(CorpusReport()) == "0 documents, 0 characters"


def test_progress_reaches_the_total(folder):
    calls = []
    corpus = Corpus.from_paths(folder, progress=lambda done, total: calls.append((done, total)))
    last = [block.source_bytes for block in corpus.blocks()][-1]
    assert calls[-1] == (corpus.total_bytes(), corpus.total_bytes()) and last == corpus.total_bytes()
    assert calls == sorted(calls)


def test_fingerprint_is_stable_and_changes_with_content_and_options(folder):
    def of(**options):
        return Corpus.from_paths(folder, **options).fingerprint()

    first = of()
    assert first == of() == of(encoding="UTF8") and len(first) == 32
    assert (
        len(
            {
                first,
                of(unit="paragraph"),
                of(text_field="text"),
                of(duplicates="near"),
                of(max_line=9),
                of(strict=True),
            }
        )
        == 6
    )
    (folder / "a.txt").write_text("一一\n", encoding="utf-8")
    assert of() != first
    assert Corpus.of(["x"]).fingerprint() is None


def test_blocks_by_hand(folder):
    path = folder / "x.txt"
    path.write_text("天地\n\n玄黄\n　\n宇", encoding="utf-8")
    (block,) = Corpus.from_paths(path).blocks()
    assert block.text == "天地\n\n玄黄\n　\n宇" and block.ends.tolist() == [2, 3, 6, 8, 10]
    assert block.ends.dtype == np.int64 and list(block.documents()) == ["天地", "玄黄", "宇"]


texts = st.lists(st.text(st.sampled_from("中a\n 😀"), max_size=6), max_size=12)


@given(texts, st.integers(1, 20), st.sampled_from(["keep", "exact"]))
@settings(deadline=None)
def test_blocks_hold_the_documents_of_iteration_even_with_line_ends_inside(some, size, duplicates):
    corpus = Corpus.from_texts(some, duplicates=duplicates)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CorpusWarning)
        documents, blocks = list(corpus), list(corpus.blocks(size))
    assert [document for block in blocks for document in block.documents()] == documents
    for block in blocks:
        assert block.ends[-1] == len(block.text)
        assert (np.diff(block.ends) > 0).all()
        assert all(block.text[end] == "\n" for end in block.ends[:-1])
        assert len(block.text) <= size + max(map(len, some))


def test_blocks_of_mixed_files_keep_the_order(folder):
    corpus = Corpus.from_paths(folder)
    for size in (1, 2, 3, 5, 100):
        assert [document for block in corpus.blocks(size) for document in block.documents()] == [
            "一",
            "二",
            "三",
            "四",
        ]


def test_of_the_docstrings_promise_none_is_a_list_of_characters():
    assert list(Corpus.from_texts("深度学习")) == ["深度学习"]


def test_a_file_that_vanishes_is_counted(folder):
    corpus = Corpus.from_paths(folder)
    (folder / "b.txt").unlink()
    assert list(corpus) == ["一", "三", "四"]
    assert corpus.report.skipped["file cannot be opened"] == 1
