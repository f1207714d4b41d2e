"""``join_chinese``: a text from its pieces, without the blanks that decoding puts between Chinese characters.

Source: 苏剑林, bojone/bert4keras, ``Tokenizer.decode``; the rules are written anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from zhnlp.text.characters import HAN_RANGES

_HAN = "".join(f"{chr(first)}-{chr(last)}" for first, last in HAN_RANGES)
# CJK and full-width signs, and those that Chinese shares with the West: dash, quotes, ellipsis, middle dot.
_SIGNS = "\u3001-\u3004\u3006\u3008-\u3020\u3030\u303d\uff01-\uff60\uffe0-\uffe6\u2014\u2018\u2019\u201c\u201d\u2026\u00b7"
_CHINESE = f"[{_HAN}{_SIGNS}\u3040-\u30ff\u3105-\u312f]"  # with kana and bopomofo

_MARK = (
    r"[ \t]*(?:[-*+>]|#{1,6}|[0-9]{1,3}[.)])"  # Markdown at the beginning of a line: heading, list, quotation
)

_RULES = (
    (r"(?<=[^\s#]) +##(?=[^\s#])", ""),  # iphone ##15
    (rf"(?m)^({_MARK} )|(?<=\S) +(?={_CHINESE})|(?<={_CHINESE}) +(?=\S)", r"\1"),  # 我 们 ， 用 iphone 打
    (r"(?<=[0-9]) +([.,:]) +(?=[0-9])", r"\1"),  # 3 . 14   1 , 000   12 : 30
    (r"(?<=[0-9]) +(?=[%‰℃])", ""),  # 50 %
    (r"(?<=\S) +(?=[,.!?;:)\]}](?:\s|$))", ""),  # hello , world .
    (r"(?<=[(\[{]) +(?=\S)", ""),  # ( hello
    (r"(?<=[A-Za-z]) +' +(?=(?:s|t|re|ve|m|d|ll)\b)", "'"),  # don ' t
)
_COMPILED = tuple((re.compile(pattern), by) for pattern, by in _RULES)
_METASPACE = "▁"


def join_chinese(pieces: str | Iterable[str]) -> str:
    """The text that decoded text or pieces stand for: no blank beside Chinese, all blanks between Latin words.

    1. ``##`` joins a piece to the one before; SentencePiece's ``▁`` is a blank.
    2. A blank beside a Chinese character, kana or a Chinese sign goes, whatever stands on its other side.
    3. Blanks go around ``. , :`` between digits, before ``% ‰ ℃`` behind a digit, before closing Western signs that end a
       word, behind opening brackets, and in English short forms (don't).
    4. Every other blank stays: between Latin words, between numbers, between Latin and numbers.

    Line breaks, tabs, the ideographic space, blanks at the beginning and end of a line, and the blank behind a Markdown
    mark (``- ``, ``## ``, ``1. ``) stay. Doing it twice changes
    nothing. What cannot be known is not guessed: ``iPhone 15`` keeps its blank, and a text that had a blank between
    Chinese and Latin loses it. Cut answers from the source by offsets instead wherever there is one.

    Args:
        pieces: decoded text, or WordPiece or SentencePiece pieces.

    Raises:
        TypeError: a piece is no str.

    Example:
        >>> join_chinese("我 们 用 iphone ##15 打 电 话 ， hello world 3 . 5 %")
        '我们用iphone15打电话，hello world 3.5%'
        >>> join_chinese(["▁我们", "▁hello", "▁world"]), join_chinese(["深", "度", "bert", "##s", "ok"])
        ('我们hello world', '深度berts ok')
    """
    text = pieces if isinstance(pieces, str) else _glue(pieces)
    while True:
        joined = text
        for pattern, by in _COMPILED:
            joined = pattern.sub(by, joined)
        if joined == text:
            return text
        text = joined


def _glue(pieces: Iterable[str]) -> str:
    pieces = list(pieces)
    wrong = next((piece for piece in pieces if not isinstance(piece, str)), None)
    if wrong is not None:
        raise TypeError(
            f"join_chinese got the piece {wrong!r} ({type(wrong).__name__}): expected str. "
            "Next: tokenizer.convert_ids_to_tokens(ids)"
        )
    if any(piece.startswith(_METASPACE) for piece in pieces):
        return "".join(pieces).replace(_METASPACE, " ").removeprefix(" ")
    glued = ""
    for piece in pieces:
        continues = piece.startswith("##") and len(piece) > 2
        glued += piece[2:] if continues else f" {piece}" if glued else piece
    return glued
