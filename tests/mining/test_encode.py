"""From text to symbols: runs, separators, documents, widths."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.mining.encode import PADDING, Encoder, SymbolStore, encode_texts


def units(text, runs="symbol"):
    symbols = encode_texts([text], runs)
    return [symbols.alphabet.texts[s].strip() for s in symbols.array[PADDING:-PADDING]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("看K线图", ["看", "K", "线", "图", ""]),
        ("学C++吧", ["学", "C++", "吧", ""]),
        ("用GPT-4o写", ["用", "GPT-4o", "写", ""]),
        ("2.4GHz频段", ["2.4GHz", "频", "段", ""]),
        ("5G基站", ["5G", "基", "站", ""]),
        ("５Ｇ基站", ["5G", "基", "站", ""]),
        ("２．４ＧＨｚ，Ｃ＋＋", ["2.4GHz", "", "C++", ""]),
        ("ｶﾒﾗ", ["カ", "メ", "ラ", ""]),
        ("Node.js。A", ["Node.js", "", "A", ""]),
        ("a - b", ["a", "", "b", ""]),
        ("end. ", ["end", ""]),
        ("二〇〇一", ["二", "〇", "〇", "一", ""]),
        ("𠀀𪚥", ["𠀀", "𪚥", ""]),
        ("！？，", []),
    ],
)
def test_a_run_is_one_symbol(text, expected):
    assert units(text) == expected


def test_token_runs_are_cut_where_letters_meet_digits_and_marks():
    assert units("用GPT-4o写2.4GHz和C++", "token") == [
        *"用",
        "GPT",
        "-",
        "4",
        "o",
        "写",
        "2",
        ".",
        "4",
        "GHz",
        "和",
        "C",
        "+",
        "+",
        "",
    ]


def test_dropped_runs_separate():
    assert units("用GPT-4o写", "drop") == ["用", "", "写", ""]


def test_unknown_run_mode_is_refused():
    with pytest.raises(
        ValueError, match="runs='letters' is not known: expected one of 'symbol', 'token', 'drop'"
    ):
        Encoder("letters")


def test_a_very_long_run_is_the_unknown_symbol():
    symbols = encode_texts(["看" + "x" * 65 + "图"])
    assert symbols.array[PADDING:-PADDING].tolist()[1] == 1


def test_identities_go_by_count_then_text():
    alphabet = encode_texts(["乙甲丙丙"]).alphabet
    assert alphabet.texts[2:] == ["丙", "乙", "甲"]
    assert alphabet.counts[2:].tolist() == [2, 1, 1]
    assert alphabet.total == 4


chinese = st.text(st.sampled_from("电网变压器，。 aB9-+５Ｇ\n\U00020000"), max_size=30)


@given(st.lists(chinese, max_size=10), st.integers(1, 10))
def test_blocks_may_be_cut_anywhere_between_documents(texts, size):
    whole = encode_texts(texts)
    store = SymbolStore()
    for at in range(0, len(texts), size):
        part = [t.replace("\n", " ") for t in texts[at : at + size]]
        store.add("\n".join(part), np.cumsum([len(t) + 1 for t in part]) - 1)
    parts = store.freeze()
    np.testing.assert_array_equal(whole.array, parts.array)
    np.testing.assert_array_equal(whole.starts, parts.starts)
    assert whole.alphabet.texts == parts.alphabet.texts


@given(st.lists(chinese, max_size=8), st.randoms())
def test_document_order_does_not_change_the_alphabet(texts, random):
    shuffled = texts[:]
    random.shuffle(shuffled)
    a, b = encode_texts(texts).alphabet, encode_texts(shuffled).alphabet
    assert a.texts == b.texts
    assert a.counts.tolist() == b.counts.tolist()


@given(st.text(max_size=60))
def test_any_text_is_encoded_and_every_letter_of_a_word_comes_back(text):
    symbols = encode_texts([text])
    decoded = symbols.alphabet.decode(symbols.array)
    assert sum(0x4E00 <= ord(c) <= 0x9FFF for c in decoded) == sum(0x4E00 <= ord(c) <= 0x9FFF for c in text)


def test_many_runs_make_the_tables_grow():
    text = " ".join(f"run{i}x" for i in range(50_000))
    symbols = encode_texts([text, text])
    assert len(symbols.alphabet) == 50_002
    assert set(symbols.alphabet.counts[2:].tolist()) == {2}
