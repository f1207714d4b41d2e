"""Script classes of characters: one byte for every code point of Unicode.

The classes follow the general category of ``unicodedata`` and, for letters, fixed block ranges. Han is
decided by ranges alone, so that ideographs newer than the running Python's Unicode tables count too.
"""

import re
import unicodedata
from enum import IntEnum
from functools import lru_cache

import numpy as np

CODE_POINTS = 0x110000


class Script(IntEnum):
    """The class of one character; the numbers are stable and fit in a byte."""

    OTHER = 0  # controls, joiners, unassigned and private code points
    SPACE = 1  # whatever str.isspace() calls a blank
    PUNCTUATION = 2  # category P
    SYMBOL = 3  # category S that is no emoji
    HAN = 4  # ideographs of every block, radicals, 〇 and 々
    LATIN = 5  # accented and full-width letters too
    GREEK = 6
    CYRILLIC = 7
    DIGIT = 8  # decimal digits of every script (category Nd)
    NUMBER = 9  # other numerals: ①, ½, Ⅳ
    KANA = 10  # hiragana, katakana, half-width katakana, voiced marks
    HANGUL = 11
    BOPOMOFO = 12
    LETTER = 13  # letters of any other script
    MARK = 14  # combining marks and variation selectors
    EMOJI = 15


# The blocks of Script=Han in Unicode 17: whole blocks, so that later additions to them count.
HAN_RANGES = (
    (0x2E80, 0x2FD5),  # CJK and Kangxi radicals
    (0x3005, 0x3005),  # 々
    (0x3007, 0x3007),  # 〇
    (0x3021, 0x3029),  # Hangzhou numerals
    (0x3038, 0x303B),
    (0x3400, 0x4DBF),  # extension A
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),  # compatibility ideographs
    (0x16FF0, 0x16FF6),  # alternate reading marks, iteration marks
    (0x20000, 0x2A6DF),  # B
    (0x2A700, 0x2EE5F),  # C, D, E, F, I
    (0x2F800, 0x2FA1F),  # compatibility supplement
    (0x30000, 0x3347F),  # G, H, J
)

# Only the letters (category L) within these ranges belong to the script.
_LETTER_RANGES = {
    Script.LATIN: (
        (0x0041, 0x00B4),
        (0x00B6, 0x024F),
        (0x0250, 0x02B8),
        (0x02E0, 0x02E4),
        (0x1D00, 0x1D25),
        (0x1D2C, 0x1D5C),
        (0x1D62, 0x1D65),
        (0x1D6B, 0x1D77),
        (0x1D79, 0x1DBE),
        (0x1E00, 0x1EFF),
        (0x2071, 0x209C),
        (0x212A, 0x212B),
        (0x2132, 0x2132),
        (0x214E, 0x214E),
        (0x2183, 0x2184),
        (0x2C60, 0x2C7F),
        (0xA722, 0xA7FF),
        (0xAB30, 0xAB64),
        (0xAB66, 0xAB68),
        (0xFB00, 0xFB06),
        (0xFF21, 0xFF5A),
        (0x10780, 0x107BF),
        (0x1DF00, 0x1DFFF),
    ),
    Script.GREEK: (
        (0x00B5, 0x00B5),
        (0x0370, 0x03FF),
        (0x1D26, 0x1D2A),
        (0x1D5D, 0x1D61),
        (0x1D66, 0x1D6A),
        (0x1F00, 0x1FFF),
        (0x2126, 0x2126),
        (0xAB65, 0xAB65),
    ),
    Script.CYRILLIC: (
        (0x0400, 0x052F),
        (0x1C80, 0x1C8F),
        (0x1D2B, 0x1D2B),
        (0x1D78, 0x1D78),
        (0xA640, 0xA69F),
        (0x1E030, 0x1E08F),
    ),
    Script.KANA: ((0x3041, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9F), (0x1AFF0, 0x1B16F)),
    Script.HANGUL: ((0x1100, 0x11FF), (0x3131, 0x318E), (0xA960, 0xA97F), (0xD7B0, 0xD7FB), (0xFFA0, 0xFFDC)),
    Script.BOPOMOFO: ((0x3105, 0x312F), (0x31A0, 0x31BF)),
}

# Symbols (category So) within these ranges are emoji; the rest of category S is SYMBOL.
_EMOJI_RANGES = (
    (0x231A, 0x231B),
    (0x23E9, 0x23F3),
    (0x2600, 0x27BF),
    (0x2B1B, 0x2B1C),
    (0x2B50, 0x2B55),
    (0x1F000, 0x1F0FF),
    (0x1F170, 0x1F19A),
    (0x1F1E6, 0x1F1FF),
    (0x1F200, 0x1F265),
    (0x1F300, 0x1F5FF),
    (0x1F600, 0x1F64F),
    (0x1F680, 0x1F6FF),
    (0x1F7E0, 0x1F7FF),
    (0x1F900, 0x1FAFF),
)

# Everything assigned outside these ranges is Han, Hangul syllables, surrogates or private use.
_CATEGORY_RANGES = (
    (0x0000, 0x33FF),
    (0x4DC0, 0x4DFF),
    (0xA000, 0xABFF),
    (0xD7B0, 0xD7FF),
    (0xFB00, 0xFFFF),
    (0x10000, 0x1FFFF),
    (0xE0000, 0xE01FF),
)

_CATEGORY_SCRIPT = {
    **dict.fromkeys(("Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"), Script.PUNCTUATION),
    **dict.fromkeys(("Sm", "Sc", "Sk", "So"), Script.SYMBOL),
    **dict.fromkeys(("Lu", "Ll", "Lt", "Lm", "Lo"), Script.LETTER),
    **dict.fromkeys(("Mn", "Mc", "Me"), Script.MARK),
    **dict.fromkeys(("Nl", "No"), Script.NUMBER),
    "Nd": Script.DIGIT,
}

_BLANKS = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"


@lru_cache(maxsize=1)
def script_table() -> np.ndarray:
    """The ``Script`` of every code point: a read-only uint8 array of shape (0x110000,), built once.

    Example:
        >>> table = script_table()
        >>> Script(table[ord("中")]), Script(table[0x20000]), Script(table[ord("，")])
        (<Script.HAN: 4>, <Script.HAN: 4>, <Script.PUNCTUATION: 2>)
    """
    table = np.zeros(CODE_POINTS, np.uint8)
    symbol_other = np.zeros(CODE_POINTS, bool)
    for first, last in _CATEGORY_RANGES:
        for code, name in enumerate(map(unicodedata.category, map(chr, range(first, last + 1))), first):
            if name in _CATEGORY_SCRIPT:
                table[code] = _CATEGORY_SCRIPT[name]
                symbol_other[code] = name == "So"
    for script, ranges in _LETTER_RANGES.items():
        for first, last in ranges:
            part = table[first : last + 1]
            part[part == Script.LETTER] = script
    for first, last in _EMOJI_RANGES:
        table[first : last + 1][symbol_other[first : last + 1]] = Script.EMOJI
    table[0x1F3FB:0x1F400] = Script.EMOJI  # skin tones are modifier symbols (Sk)
    table[0x3099:0x309D] = Script.KANA  # voiced marks, combining and spacing
    table[0xAC00:0xD7A4] = Script.HANGUL
    for first, last in HAN_RANGES:
        table[first : last + 1] = Script.HAN
    table[[ord(blank) for blank in _BLANKS]] = Script.SPACE
    table.flags.writeable = False
    return table


def script(character: str) -> Script:
    """The class of one character.

    Raises:
        ValueError: ``character`` is not exactly one code point.

    Example:
        >>> [script(c).name for c in "々ａ９ｶ😀"]
        ['HAN', 'LATIN', 'DIGIT', 'KANA', 'EMOJI']
    """
    if len(character) != 1:
        raise ValueError(
            f"script() got {character[:20]!r} of {len(character)} code points, expected exactly 1; "
            "for a whole text index script_table() with code_points(text)"
        )
    return Script(int(script_table()[ord(character)]))


_HAN_ONLY = re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in HAN_RANGES) + "]+")


def is_han(text: str) -> bool:
    """Whether ``text`` is one or more characters, all of them Han.

    Example:
        >>> is_han("二〇二五"), is_han("𠮷野家"), is_han("第1章"), is_han("")
        (True, True, False, False)
    """
    return _HAN_ONLY.fullmatch(text) is not None


_SURROGATE = re.compile("[\ud800-\udfff]")


def replace_surrogates(text: str) -> str:
    """The text with lone surrogates, which are no characters and which UTF-8 cannot write, as U+FFFD one for one.

    Example:
        >>> replace_surrogates("深" + chr(0xD800) + "度")
        '深�度'
    """
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def code_points(text: str) -> np.ndarray:
    """The code points of ``text`` as a read-only uint32 array of shape (len(text),).

    Example:
        >>> code_points("中😀").tolist()
        [20013, 128512]
    """
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


def from_code_points(codes: np.ndarray) -> str:
    """The text with these code points (each below 0x110000); undoes ``code_points``.

    Example:
        >>> from_code_points(code_points("中😀"))
        '中😀'
    """
    return np.ascontiguousarray(codes, "<u4").tobytes().decode("utf-32-le", "surrogatepass")
