import unicodedata

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from zhnlp.text import Normalised, OffsetMap, fold_width, normalise, width_table

WIDE = st.text(
    st.sampled_from(
        [chr(c) for c in (*range(0xFF01, 0xFFEF), 0x3000, *range(0x3041, 0x3100), *range(0x41, 0x7B))]
    )
)
ODD = st.text(
    st.one_of(
        st.characters(), st.sampled_from("ｶﾞﾟｶガか㍿ﬁⅷe\u0301\u0300ạ각ᄀ\u1161\u11a8İΣ①，ＡA中\u09c7\u09be")
    )
)


def test_width_by_hand():
    folded = fold_width("ＧＤＰ：１００％　ｶﾞｷﾞｸﾞ！中文")
    assert folded.text == "GDP:100% ガギグ!中文"
    assert folded.offsets.to_source(9, 11) == (9, 13)


@given(WIDE)
def test_width_is_what_nfkc_does_to_wide_and_narrow_forms(text):
    """Oracle: on kana, ASCII and width forms NFKC does nothing but fold the width and compose."""
    assert unicodedata.normalize("NFKC", fold_width(text).text) == unicodedata.normalize("NFKC", text)


def test_every_entry_of_the_width_table():
    for code in (0x3000, *range(0xFF00, 0xFFF0)):
        whole = unicodedata.normalize("NFKC", chr(code))
        folded = chr(width_table()[code])
        assert unicodedata.normalize("NFKC", folded) == whole
        assert len(folded) == 1
    changed = np.flatnonzero(width_table() != np.arange(0x110000))
    assert set(changed.tolist()) <= {0x3000, *range(0xFF00, 0xFFF0)}


@given(ODD, st.sampled_from(["NFC", "NFKC", None]), st.booleans(), st.booleans())
@example("e\u0301\u0323", "NFKC", True, True)
@example("ᄀ\u1161\u11a8", "NFC", False, False)
@example("ｶﾞ", "NFKC", False, False)
@example("x\u0301㍿", "NFKC", False, False)
@settings(max_examples=400)
def test_text_is_that_of_unicodedata(text, form, width, lowercase):
    expected = fold_width(text).text if width else text
    expected = unicodedata.normalize(form, expected) if form else expected
    expected = "".join(c.lower() for c in expected) if lowercase else expected
    result = normalise(text, width=width, form=form, lowercase=lowercase)
    assert result.text == expected
    assert result.offsets.source_length == len(text)


@given(ODD, st.sampled_from(["NFC", "NFKC", None]), st.booleans())
@settings(max_examples=300)
def test_offsets_are_monotone_and_every_span_is_made_from_its_source(text, form, lowercase):
    result = normalise(text, form=form, lowercase=lowercase)
    starts, ends = result.offsets.starts, result.offsets.ends
    assert (np.diff(starts) >= 0).all() and (np.diff(ends) >= 0).all() and (starts < ends).all()
    if len(text):
        assert result.offsets.to_source(0, len(result.text)) == (0, len(text))
    # Cut where no source span is shared: each side normalises to its own part.
    for cut in range(1, len(result.text)):
        if ends[cut - 1] == starts[cut]:
            left = normalise(text[: starts[cut]], form=form, lowercase=lowercase)
            assert left.text == result.text[:cut]


@given(st.text(st.sampled_from("天地玄黄ab12。")))
def test_unchanged_text_maps_to_itself(text):
    result = normalise(text)
    assert result.text == text and result.offsets == OffsetMap.identity(len(text))


def test_by_hand_all_steps():
    result = normalise("Ａ㍿é", lowercase=True)
    assert result.text == "a株式会社é"
    assert [result.offsets.to_source(i, i + 1) for i in range(6)] == [
        (0, 1),
        (1, 2),
        (1, 2),
        (1, 2),
        (1, 2),
        (2, 3),
    ]
    assert normalise("x\u0301㍿").offsets.to_source(1, 3) == (1, 3)
    assert OffsetMap.identity(5).from_source(2, 3) == (2, 3)
    assert normalise("e\u0301x").offsets.to_source(0, 1) == (0, 2)
    assert normalise("e\u0301x").offsets.to_source(1, 2) == (2, 3)


pieces = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=12)


@given(pieces, st.data())
def test_composition_is_one_map_after_the_other(first_pieces, data):
    first = OffsetMap.from_lengths([s for s, _ in first_pieces], [t for _, t in first_pieces])
    # A second change that consumes exactly the first one's text.
    left, second_pieces = len(first), []
    while left:
        source = data.draw(st.integers(1, left))
        second_pieces.append((source, data.draw(st.integers(0, 3))))
        left -= source
    second = OffsetMap.from_lengths([s for s, _ in second_pieces], [t for _, t in second_pieces])
    both = first.then(second)
    assert len(both) == len(second) and both.source_length == first.source_length
    for start in range(len(both)):
        for end in range(start + 1, len(both) + 1):
            assert both.to_source(start, end) == first.to_source(*second.to_source(start, end))


@given(pieces, st.data())
def test_from_source_holds_all_that_was_made_from_a_span(some_pieces, data):
    offsets = OffsetMap.from_lengths([s for s, _ in some_pieces], [t for _, t in some_pieces])
    start = data.draw(st.integers(0, offsets.source_length))
    end = data.draw(st.integers(start, offsets.source_length))
    first, last = offsets.from_source(start, end)
    touching = [i for i in range(len(offsets)) if offsets.starts[i] < end and offsets.ends[i] > start]
    assert first <= last and (start == end or all(first <= i < last for i in touching))
    if start < end and touching and all(source for source, _ in some_pieces):
        assert (first, last) == (touching[0], touching[-1] + 1)


def test_refusals():
    with pytest.raises(ValueError, match=r"form got 'NFD', expected one of NFC, NFKC or None"):
        normalise("x", form="NFD")
    with pytest.raises(ValueError, match="must not decrease"):
        OffsetMap([1, 0], [2, 1], 2)
    with pytest.raises(ValueError, match="the first map gives 2 characters, the second starts from 3"):
        OffsetMap.identity(2).then(OffsetMap.identity(3))
    with pytest.raises(IndexError, match="0 <= start <= end"):
        OffsetMap.identity(2).to_source(1, 3)
    with pytest.raises(ValueError, match="expected equal lengths"):
        Normalised("ab", OffsetMap.identity(3))
