"""Files that are not what they should be: nothing fails, nothing is lost silently."""

import re
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.text import Corpus, CorpusError, CorpusWarning
from zhnlp.text.readers.sniffing import looks_like_gb18030

SENTENCE = "他说今天的天气非常好，我们一起去公园里走一走吧。"


def read(path, **options):
    corpus = Corpus.from_paths(path, **options)
    return list(corpus), corpus.report


def by_blocks(path, **options):
    corpus = Corpus.from_paths(path, **options)
    return [document for block in corpus.blocks(50) for document in block.documents()], corpus.report


@pytest.fixture
def write(tmp_path):
    def write(data, name="a.txt"):
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    return write


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks_are_obeyed_and_removed(write, encoding):
    documents, report = read(write(f"{SENTENCE}\r\n😀二\r三".encode(encoding)))
    assert documents == [SENTENCE, "😀二", "三"]
    assert list(report.encodings.values()) == ([] if encoding == "utf-8-sig" else [encoding + "-le"])


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "big5", "gbk", "utf-16"])
def test_an_encoding_that_is_named_is_used(write, encoding):
    text = "他說今天\n😀" if encoding.startswith("utf") else "今天\n明天"
    assert read(write(text.encode(encoding)), encoding=encoding)[0] == text.split("\n")


@pytest.mark.parametrize(
    "text", [SENTENCE, "好的\n", (SENTENCE + "\n") * 9_000, "plain ascii\n" * 200_000 + SENTENCE]
)
def test_gb18030_is_recognised_and_said(write, text):
    with pytest.warns(CorpusWarning, match=r"a\.txt: is not valid UTF-8 and was read as GB18030"):
        documents, report = read(write(text.encode("gb18030")))
    assert documents == text.split("\n")[: len(documents)] and len(documents) == len(
        text.rstrip("\n").split("\n")
    )
    assert list(report.encodings.values()) == ["gb18030"] and report.repaired_lines == 0


def test_gb18030_may_have_few_broken_bytes_but_not_many():
    good = SENTENCE.encode("gb18030")
    assert looks_like_gb18030(good * 10 + b"\xff\n" + good)
    assert not looks_like_gb18030((good + b"\xff\n") * 10)


def test_broken_bytes_in_utf8_repair_their_line_only_and_are_located(write):
    data = f"{SENTENCE}\n".encode() * 3 + b"\xe4\xb8\xff\xe4\xba\x8c\n" + f"{SENTENCE}\n".encode() * 3
    documents, report = read(write(data))
    assert documents == [SENTENCE] * 3 + ["\ufffd\ufffd二"] + [SENTENCE] * 3
    assert report.repaired_lines == 1 and report.encodings == {}
    assert report.examples[0][1:] == (4, "bytes that are not utf-8")
    with pytest.raises(CorpusError, match=r"a\.txt:4: bytes that are not utf-8.*strict=False"):
        read(write(data), strict=True)


def test_a_file_in_an_unknown_encoding_is_kept_and_warned_about(write):
    with pytest.warns(CorpusWarning, match="3 of 3 lines are not valid utf-8"):
        documents, report = read(write("naïve café\n".encode("latin-1") * 3))
    assert documents == ["na\ufffdve caf\ufffd"] * 3 and report.repaired_lines == 3


@pytest.mark.parametrize(
    ("data", "reason", "kind"),
    [
        (b"", "empty file", "empty file"),
        (b"%PDF-1.7\nabc", "binary file", "PDF"),
        (b"PK\x03\x04rest", "binary file", r"\.docx"),
        (b"\x89PNG\r\n\x1a\n", "binary file", "PNG"),
        (b"\xff\xd8\xff\xe0JFIF", "binary file", "JPEG"),
        (b"abc\x00def", "binary file", "NUL bytes"),
        ("中ab\n".encode("utf-16-le") * 9, "binary file", "encoding='utf-16-le'"),
        (bytes(range(1, 9)) * 9, "binary file", "control characters"),
    ],
)
def test_files_that_are_no_text_are_skipped_by_name(write, data, reason, kind):
    path = write(data)
    with pytest.warns(CorpusWarning, match=f"gave no document: 1 x {reason}.*{kind}"):
        documents, report = read(path)
    assert documents == [] and report.skipped == {reason: 1} and report.files == 1


def test_mixed_line_ends_and_a_line_end_across_a_read(write):
    text = "一\r\n二\r三\n四\n\r五\r\r\n六"
    assert read(write(text.encode()))[0] == list("一二三四五六")
    # 1 MiB is read at once: put \r at its last byte, \n at the first of the next
    filler = "a" * (2**20 - 1)
    path = write((filler + "\r\n第二段\r\n").encode())
    assert read(path, max_line=2**21)[0] == [filler, "第二段"]
    assert read(path, unit="paragraph", max_line=2**21)[0] == [filler + "\n第二段"]


fragment = st.sampled_from(
    [
        SENTENCE.encode(),
        SENTENCE.encode("gb18030"),
        "😀\u0301".encode(),
        b"\n",
        b"\r\n",
        b"\r",
        b" ",
        "\u3000".encode(),
        b"\xff",
        b"\xe4\xb8",
        b"\xef\xbb\xbf",
        b"\x0c",
        "\u2028".encode(),
        b"\x1f\x8b",
    ]
)


@given(st.lists(st.one_of(fragment, st.binary(max_size=5)), max_size=20).map(b"".join), st.integers(1, 40))
@settings(max_examples=300, deadline=None)
def test_blocks_and_iteration_give_the_same_documents_and_counts(tmp_path_factory, data, max_line):
    path = tmp_path_factory.getbasetemp() / "hostile.txt"
    path.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CorpusWarning)
        documents, report = read(path, max_line=max_line)
        in_bulk, bulk_report = by_blocks(path, max_line=max_line)
    assert documents == in_bulk
    assert report.as_dict() == bulk_report.as_dict()
    assert all(len(document) <= max_line for document in documents)


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])), max_size=8),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
@settings(deadline=None)
def test_good_text_comes_back_whole(tmp_path_factory, lines, end):
    path = tmp_path_factory.getbasetemp() / "good.txt"
    path.write_bytes(end.join([*lines, "末行"]).encode())
    expected = [line for line in lines if line.strip()] + ["末行"]
    if lines and lines[0].startswith("\ufeff"):
        expected = [line for line in [lines[0][1:], *lines[1:]] if line.strip()] + ["末行"]
    documents, report = read(path)
    assert documents == expected and report.repaired_lines == 0
    assert report.characters == sum(map(len, documents)) and report.documents == len(documents)


def test_large_hostile_file_over_many_reads(write):
    import random

    rng = random.Random(1)
    parts = [
        SENTENCE.encode() + b"\n",
        b"\xe4\xb8\n",
        "😀一\r\n".encode(),
        b"\r",
        b"\xff",
        "\u3000\n".encode(),
        "四".encode(),
    ]
    data = b"".join(rng.choices(parts, weights=[20, 1, 3, 1, 1, 2, 5], k=120_000))
    assert len(data) > 3 * 2**20
    documents, report = read(write(data))
    in_bulk, bulk_report = by_blocks(write(data))
    assert documents == in_bulk and report.as_dict() == bulk_report.as_dict()
    expected = [line.decode("utf-8", "replace") for line in re.split(b"\r\n|\r|\n", data)]
    assert documents == [line for line in expected if line.strip()]
    broken = sum(
        1 for line in re.split(b"\r\n|\r|\n", data) if line.decode("utf-8", "ignore").encode() != line
    )
    assert report.repaired_lines == broken
