import random
import time
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.text import Script, code_points, from_code_points, is_han, script, script_table
from zhnlp.text.characters import CODE_POINTS, HAN_RANGES

LETTER_CLASSES = {
    Script.LATIN,
    Script.GREEK,
    Script.CYRILLIC,
    Script.KANA,
    Script.HANGUL,
    Script.BOPOMOFO,
    Script.LETTER,
    Script.HAN,
}


def expected_classes(character: str) -> set[Script]:
    """What unicodedata's category and name allow the class to be."""
    category, name = unicodedata.category(character), unicodedata.name(character, "")
    if character.isspace():
        return {Script.SPACE}
    if name.startswith(
        ("CJK UNIFIED IDEOGRAPH", "CJK COMPATIBILITY IDEOGRAPH", "KANGXI RADICAL", "CJK RADICAL")
    ):
        return {Script.HAN}
    if any(first <= ord(character) <= last for first, last in HAN_RANGES):
        return {Script.HAN}  # 々〇〻, Hangzhou numerals, and what is not assigned yet
    if category[0] == "L":
        for script_, starts in {
            Script.LATIN: ("LATIN ", "FULLWIDTH LATIN "),
            Script.GREEK: ("GREEK ",),
            Script.CYRILLIC: ("CYRILLIC ",),
            Script.KANA: ("HIRAGANA ", "KATAKANA ", "HALFWIDTH KATAKANA "),
            Script.HANGUL: ("HANGUL ", "HALFWIDTH HANGUL "),
            Script.BOPOMOFO: ("BOPOMOFO ",),
        }.items():
            if name.startswith(starts):
                return {script_}
        return LETTER_CLASSES - {Script.HAN}
    if category[0] == "M":
        return {Script.KANA} if name.startswith("COMBINING KATAKANA") else {Script.MARK}
    if category[0] == "S":
        return {Script.KANA} if "VOICED SOUND MARK" in name else {Script.SYMBOL, Script.EMOJI}
    return {
        "P": {Script.PUNCTUATION},
        "N": {Script.DIGIT} if category == "Nd" else {Script.NUMBER},
    }.get(category[0], {Script.OTHER})


def misfits(codes) -> list[str]:
    table = script_table()
    return [
        f"U+{code:04X} {Script(table[code]).name}"
        for code in codes
        if table[code] not in expected_classes(chr(code))
    ]


def test_by_hand():
    text = "中𠀀〇々㐀豈 \u3000，。a９Ａéαжカｶあﾞ①😀☀한ㄅ\u0301\u200d"
    assert (
        "".join(f"{int(script(c)):x}" for c in text) == "4444441122" + "5855" + "67" + "aaaa" + "9ff" + "bce0"
    )


def test_agrees_with_unicodedata_on_a_sample():
    sample = random.Random(7).sample(range(CODE_POINTS), 20_000)
    assert misfits([*range(0x3400), *range(0xF900, 0x10000), *range(0x1F000, 0x1FB00), *sample]) == []


@pytest.mark.slow
def test_agrees_with_unicodedata_on_every_code_point():
    assert misfits(range(CODE_POINTS)) == []


def test_other_latin_names_are_letters_of_latin():
    strange = [
        chr(code)
        for code in np.flatnonzero(script_table() == Script.LATIN).tolist()
        if not any(
            word in unicodedata.name(chr(code))
            for word in (
                "LATIN",
                "MODIFIER LETTER",
                "ORDINAL",
                "KELVIN",
                "ANGSTROM",
                "TURNED",
                "ROMAN NUMERAL",
            )
        )
    ]
    assert strange == []


def test_table_is_shared_read_only_and_quick():
    table = script_table()
    assert table is script_table() and table.dtype == np.uint8 and table.shape == (CODE_POINTS,)
    with pytest.raises(ValueError, match="read-only"):
        table[0] = 1
    start = time.process_time()
    script_table.__wrapped__()
    assert time.process_time() - start < 0.3  # 0.02 s on the machine it was written on


@given(st.text(st.characters()))
def test_code_points_round_trip(text):
    assert from_code_points(code_points(text)) == text
    assert code_points(text).tolist() == [ord(c) for c in text]


@given(st.text())
def test_is_han_agrees_with_the_table(text):
    assert is_han(text) == (bool(text) and all(script(c) == Script.HAN for c in text))


@pytest.mark.parametrize("wrong", ["", "中文"])
def test_script_refuses_all_but_one_character(wrong):
    with pytest.raises(ValueError, match="expected exactly 1"):
        script(wrong)
