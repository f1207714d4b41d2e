"""How many columns of a terminal a character takes."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_PICTURES = 0x2400  # of control characters: ␀ and on
_DIRECTIONS = set(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))  # would turn the line around


@lru_cache(maxsize=65536)
def char_width(character: str) -> int:
    """0 for marks that sit on the character before, 2 for Chinese and full-width signs, else 1.

    Signs of ambiguous width (“ ” … ·) count as 1, as terminals in UTF-8 show them.

    Example:
        >>> [char_width(character) for character in "电，A\\u0301"]
        [2, 2, 1, 0]
    """
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def text_width(text: str) -> int:
    """Columns of a text.

    Example:
        >>> text_width("用 5G 网")
        8
    """
    return sum(map(char_width, text))


def visible_text(text: str) -> str:
    """The text with pictures for controls, so that nothing moves the cursor or changes a colour.

    Example:
        >>> visible_text("一\\n二\\x1b[31m")
        '一␊二␛[31m'
    """
    return "".join(map(_visible, text))


@lru_cache(maxsize=4096)
def _visible(character: str) -> str:
    code, kind = ord(character), unicodedata.category(character)
    if code < 0x20:
        return chr(_PICTURES + code)
    if code == 0x7F:
        return "\u2421"
    return "\ufffd" if kind in ("Cc", "Cs", "Zl", "Zp") or character in _DIRECTIONS else character
