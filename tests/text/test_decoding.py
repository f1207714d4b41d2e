"""The two places where pieces meet: bytes into text, text into lines. Both must not depend on where the cuts are."""

import itertools
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from zhnlp.text.readers.decoding import _Decoder
from zhnlp.text.readers.lines import line_chunks, paragraphs, physical_lines, split_long
from zhnlp.text.report import CorpusReport

fragments = st.sampled_from(
    [
        "中文".encode(),
        "😀".encode(),
        b"\n",
        b"\r\n",
        b"\r",
        b"ab",
        b"\xff",
        b"\xe4\xb8",
        b"\xf0\x9f",
        b"\x81",
        b"\x81\x30",
        b"\xed\xa0\x80",
        b"\xef\xbf\xbd",
    ]
)
hostile_bytes = st.lists(st.one_of(fragments, st.binary(max_size=4)), max_size=25).map(b"".join)


class Pieces:
    """Stands where a DecodedFile stands: pieces of text with unified line ends."""

    path = "pieces.txt"

    def __init__(self, pieces):
        self.pieces, self.lines = pieces, 0

    def __iter__(self):
        for piece in self.pieces:
            self.lines += piece.count("\n")
            if piece:
                yield piece


def cut_up(whole, cuts):
    borders = [0, *sorted(cut % (len(whole) + 1) for cut in cuts), len(whole)]
    return [whole[start:end] for start, end in itertools.pairwise(borders)]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "big5", "latin-1"])
@given(data=hostile_bytes, cuts=st.lists(st.integers(0, 200), max_size=6))
@example(data=b"\xe4\xff\xe4\n", cuts=[1, 2, 3])
@settings(max_examples=250)
def test_decoding_is_line_by_line_whatever_the_cuts(encoding, data, cuts):
    broken = []
    decoder = _Decoder(encoding, lambda line, _: broken.append(line))
    pieces = cut_up(data, cuts)
    text = "".join([decoder.decode(piece, final=k == len(pieces) - 1) for k, piece in enumerate(pieces)])
    expected, expected_broken = [], 0
    for line in data.splitlines(keepends=True):
        try:
            expected.append(line.decode(encoding))
        except UnicodeDecodeError:
            expected.append(line.decode(encoding, "replace"))
            expected_broken += 1
    assert text == "".join(expected)
    assert len(broken) == expected_broken


@given(data=hostile_bytes, cuts=st.lists(st.integers(0, 200), max_size=6))
def test_wide_encodings_do_not_depend_on_the_cuts(data, cuts):
    decoder = _Decoder("utf-16-le", lambda line, _: None)
    pieces = cut_up(data, cuts)
    text = "".join([decoder.decode(piece, final=k == len(pieces) - 1) for k, piece in enumerate(pieces)])
    assert text == data.decode("utf-16-le", "replace")


lines_of_text = st.text(st.sampled_from("中a。，\n\n \u0301😀"), max_size=60)


@given(lines_of_text, st.lists(st.integers(0, 80), max_size=6), st.integers(1, 12))
@settings(max_examples=400)
def test_line_chunks_are_the_lines_cut_where_they_are_too_long(text, cuts, max_line):
    report = CorpusReport()
    chunks = line_chunks(Pieces(cut_up(text, cuts)), max_line, report)
    lines = [line for chunk in chunks for line in chunk.split("\n")]
    source = text.removesuffix("\n").split("\n") if text else []
    assert lines == [part for line in source for part in split_long(line, max_line)]
    assert report.split_lines == sum(len(line) > max_line for line in source)


@given(lines_of_text, st.integers(1, 12))
def test_parts_of_a_long_line_join_to_it(text, limit):
    parts = split_long(text, limit)
    assert "".join(parts) == text
    assert all(0 < len(part) <= limit for part in parts[:-1]) and len(parts[-1]) <= limit


@given(lines_of_text, st.lists(st.integers(0, 80), max_size=6))
def test_paragraphs_are_the_runs_between_blank_lines(text, cuts):
    found = list(paragraphs(Pieces(cut_up(text, cuts)), 1_000, CorpusReport()))
    expected, run = [], []
    for line in [*text.split("\n"), ""]:
        if line.strip():
            run.append(line)
        elif run:
            expected.append("\n".join(run))
            run = []
    assert found == expected


@given(lines_of_text, st.integers(2, 8))
def test_long_paragraphs_lose_nothing_but_blanks(text, max_line):
    found = list(paragraphs(Pieces([text]), max_line, CorpusReport()))
    assert all(len(paragraph) <= max_line for paragraph in found)
    assert re.sub(r"\s", "", "".join(found)) == re.sub(r"\s", "", text)


@given(lines_of_text, st.lists(st.integers(0, 80), max_size=6))
def test_physical_lines_are_numbered_and_too_long_ones_dropped(text, cuts):
    report = CorpusReport()
    found = list(physical_lines(Pieces(cut_up(text, cuts)), 1, report))  # limit: 16 characters
    numbered = list(enumerate(text.split("\n"), 1))
    if not numbered[-1][1]:
        numbered.pop()
    assert found == [(number, line) for number, line in numbered if len(line) <= 16]
    assert report.skipped["row too long"] == sum(len(line) > 16 for _, line in numbered)
