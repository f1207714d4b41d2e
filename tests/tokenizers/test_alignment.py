"""Words, characters and pieces against each other: by hand, and as properties on mixed texts.

Run: pytest tests/tokenizers/test_alignment.py
"""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizer_families import FAMILIES

from zhnlp.tokenizers import Alignment, load


@pytest.fixture(scope="module")
def tokenizers(tmp_path_factory):
    return {name: load(FAMILIES[name](tmp_path_factory.mktemp(name))) for name in ("bert", "qwen", "t5")}


def test_by_hand():
    text = "用 iPhone15 吧"
    offsets = [(0, 0), (0, 1), (2, 3), (3, 8), (8, 10), (11, 12), (0, 0)]
    alignment = Alignment(text, offsets)
    assert len(alignment) == 7
    assert alignment.pieces(2, 10) == (2, 5) and alignment.pieces(4, 5) == (3, 4)
    assert alignment.pieces(1, 2) == (2, 2)  # a blank: no piece, the place of the next
    assert alignment.pieces(0, 0) == (1, 1) and alignment.pieces(12, 12) == (7, 7)
    assert alignment.characters(2, 5) == (2, 10) and alignment.cut(2, 5) == "iPhone15"
    assert alignment.characters(0, 1) == (0, 0) and alignment.characters(6, 7) == (12, 12)
    assert alignment.piece_of_character().tolist() == [1, -1, 2, 3, 3, 3, 3, 3, 4, 4, -1, 5]
    words = [(0, 1), (2, 8), (8, 10), (11, 12)]
    assert alignment.word_pieces(words) == [(1, 2), (2, 4), (4, 5), (5, 6)]
    assert alignment.word_of_piece(words).tolist() == [-1, 0, 1, 1, 2, 3, -1]


def test_a_piece_over_the_border_of_words():
    alignment = Alignment("学习深度", [(0, 1), (1, 3), (3, 4)])
    words = [{"word": "学习", "start": 0, "end": 2}, {"word": "深度", "start": 2, "end": 4}]
    assert alignment.word_pieces(words) == [(0, 2), (1, 3)]
    assert alignment.word_of_piece(words).tolist() == [0, 0, 1]


def test_a_character_of_several_pieces():
    alignment = Alignment("龘好", [(0, 1), (0, 1), (0, 1), (1, 2)])
    assert alignment.pieces(0, 1) == (0, 3) and alignment.characters(1, 2) == (0, 1)
    assert alignment.piece_of_character().tolist() == [0, 3]


def test_pairs_and_batches(tokenizers):
    encoding = tokenizers["bert"](["我们", "他"], ["学习 ab", "是"])
    question = Alignment.of(encoding, "我们", sequence=0)
    context = Alignment.of(encoding, "学习 ab", sequence=1)
    assert question.pieces(0, 2) == (1, 3)
    assert context.pieces(3, 5) == (6, 8) and context.cut(6, 8) == "ab"
    assert Alignment.of(encoding, "是", row=1, sequence=1).pieces(0, 1) == (3, 4)
    single = Alignment.of(tokenizers["bert"]("我们"), "我们")
    assert single.pieces(0, 2) == (1, 3)


def test_the_blank_of_sentence_piece_takes_no_character(tokenizers):
    encoding = tokenizers["t5"]("今天 a")
    assert encoding.tokens() == ["▁", "今", "天", "▁", "a", "</s>"]
    assert Alignment.of(encoding, "今天 a").piece_of_character().tolist() == [1, 2, 3, 4]


def test_what_cannot_be_aligned_is_refused(tokenizers):
    with pytest.raises(ValueError, match=r"piece 1 has the offsets \(1, 5\).*text of 2 characters"):
        Alignment("我们", [(0, 1), (1, 5)])
    with pytest.raises(ValueError, match=r"pieces 1 and 2 go backwards.*sequence="):
        Alignment("我们", [(0, 1), (1, 2), (0, 1)])
    with pytest.raises(ValueError, match="go backwards"):
        Alignment.of(tokenizers["bert"]("我们", "他"), "我们")
    alignment = Alignment("我们", [(0, 1), (1, 2)])
    with pytest.raises(IndexError, match="span 1:3 is not inside the text of 2"):
        alignment.pieces(1, 3)
    with pytest.raises(IndexError, match="span 0:3 is not inside the 2 pieces"):
        alignment.characters(0, 3)
    with pytest.raises(ValueError, match="words overlap"):
        alignment.word_of_piece([(0, 2), (1, 2)])


def test_nothing_to_align():
    alignment = Alignment("", [])
    assert alignment.pieces(0, 0) == (0, 0) == alignment.characters(0, 0)
    assert alignment.word_pieces([]) == [] and alignment.word_of_piece([]).size == 0


texts = st.text(
    st.sampled_from("的一是我们学习，。！abZ09 \n\tＡ１　😀龘é\u0301ﬁ👨\u200d👩㍿[]"), max_size=30
)


@settings(max_examples=80, deadline=None)
@given(texts, st.data())
def test_pieces_of_a_span_are_those_that_touch_it(tokenizers, text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    for tokenizer in tokenizers.values():
        alignment = Alignment.of(tokenizer(text), text)
        touching = [i for i, (s, e) in enumerate(alignment.offsets.tolist()) if max(s, start) < min(e, end)]
        first, last = alignment.pieces(start, end)
        assert (first, last) == (touching[0], touching[-1] + 1) if touching else first == last
        if touching:
            low, high = alignment.characters(first, last)
            inside = alignment.piece_of_character()[start:end]
            assert text[low:high] == alignment.cut(first, last)
            covered = [start + i for i, piece in enumerate(inside) if piece >= 0]
            assert low <= covered[0] and covered[-1] < high


@settings(max_examples=80, deadline=None)
@given(texts, st.lists(st.integers(1, 5), max_size=12))
def test_each_piece_goes_to_a_word_that_it_touches(tokenizers, text, lengths):
    borders = [0]
    for length in lengths:
        borders.append(min(len(text), borders[-1] + length))
    words = [(a, b) for a, b in pairwise(borders) if a < b]
    for tokenizer in tokenizers.values():
        alignment = Alignment.of(tokenizer(text), text)
        for piece, word in enumerate(alignment.word_of_piece(words).tolist()):
            s, e = alignment.offsets[piece].tolist()
            touched = [k for k, (a, b) in enumerate(words) if max(a, s) < min(b, e)]
            assert word == (touched[0] if touched else -1)
        for (first, last), (a, b) in zip(alignment.word_pieces(words), words):
            assert all(max(a, s) < min(b, e) or s == e for s, e in alignment.offsets[first:last].tolist())
