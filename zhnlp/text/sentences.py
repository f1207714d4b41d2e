"""Sentence splitting for Chinese with Latin in between, as spans of the user's own string."""

import re
import unicodedata
from typing import NamedTuple

_CLOSERS = "”’」』）】》〉〕］｝〗〙〛＂＇)]}»›"
_CJK = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003347f"

# A place where a sentence may end. The decisions that need context are taken in _ends_sentence.
_TERMINATOR = re.compile(r"[。！？｡；!?;…‥．.]+|[\r\n\x0b\x0c\x85\u2028\u2029]+")
_LINE_END = frozenset("\r\n\x0b\x0c\x85\u2028\u2029")
_ALWAYS = frozenset("。！？｡；…‥")
_ABBREVIATION = re.compile(
    r"(?:^|[^A-Za-z])(?:[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|Inc|Ltd|Co|Corp|No|Nos|Vol|Fig|Eq|Sec|Ch|pp|vs|etc|al|cf"
    r"|approx|dept|est|Gen|Gov|Lt|Col|Sgt|Capt|Rev|Hon|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec|[A-Za-z](?:\.[A-Za-z])+)$"
)
_LIST_NUMBER = re.compile(r"^\W*(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,4})$")
_SOFT_BREAKS = ("，", "、", "：", ",", ":", " ", "\u3000", "\t", "；", ";")
_JOINERS = frozenset("\u200d\ufe0e\ufe0f")


class Span(NamedTuple):
    """A span of a text, in code points; ``end`` is exclusive."""

    start: int
    end: int


def split_sentences(text: str, *, max_length: int | None = None) -> list[Span]:
    """Split ``text`` into sentences: spans in order, without blanks around them, covering every non-blank character.

    A sentence ends after 。！？；… (half-width too) with the closing quotes and brackets behind, and at every
    line end. Points in numbers, names of files and sites, list numbers and Latin abbreviations do not end one.

    Args:
        text: any string.
        max_length: longest sentence in characters (at least 1); longer ones are cut after a comma or blank
            where there is one, else hard, but not before a combining mark if it can be helped.

    Raises:
        ValueError: ``max_length`` is below 1.

    Example:
        >>> text = "他说：“好。”涨了3.5%！\\nDr. Li来了"
        >>> [text[start:end] for start, end in split_sentences(text)]
        ['他说：“好。”', '涨了3.5%！', 'Dr. Li来了']
    """
    if max_length is not None and max_length < 1:
        raise ValueError(f"max_length got {max_length}, expected at least 1 character, or None for no limit")
    spans: list[Span] = []
    start = 0
    for found in _TERMINATOR.finditer(text):
        if found.start() < start:
            continue  # swallowed with the closers of the sentence before
        if text[found.start()] in _LINE_END:
            end = found.start()
        elif _ends_sentence(text, start, found):
            end = _past_closers(text, start, found.end())
        else:
            continue
        _add(spans, text, start, end, max_length)
        start = end
    _add(spans, text, start, len(text), max_length)
    return spans


def find_cut(text: str, start: int, limit: int) -> int:
    """Where to cut a text that is too long: an end in ``start + 1 .. start + limit``, after the last line end,
    else the last sentence end, else the last comma or blank, else hard but not before a combining mark.

    Example:
        >>> find_cut("一二。三四五六", 0, 5), find_cut("一二三四五六", 0, 5)
        (3, 5)
    """
    stop = start + limit
    if stop >= len(text):
        return len(text)
    for group in (("\n",), ("。", "！", "？", "｡", "!", "?", "…", "；", ". "), _SOFT_BREAKS):
        last = max(text.rfind(mark, start, stop) for mark in group)
        if last >= start:
            end = last + 1
            while end < stop and (text[end] in _CLOSERS or text[end] in "。！？!?…"):
                end += 1
            return _before_marks(text, start, end)
    return _before_marks(text, start, stop)


def _before_marks(text: str, start: int, end: int) -> int:
    """Move a cut left until it stands before no mark, joiner or low surrogate; at most 64 characters."""
    for cut in range(end, max(start, end - 64), -1):
        if cut >= len(text) or not _binds(text[cut - 1], text[cut]):
            return cut
    return end


def _binds(before: str, after: str) -> bool:
    return (
        after in _JOINERS
        or before == "\u200d"
        or "\udc00" <= after <= "\udfff"
        or "\U0001f3fb" <= after <= "\U0001f3ff"
        or unicodedata.category(after)[0] == "M"
    )


def _ends_sentence(text: str, start: int, found: re.Match) -> bool:
    marks = found.group()
    if not _ALWAYS.isdisjoint(marks):
        return True
    before = text[found.start() - 1 : found.start()]
    after = text[found.end() : found.end() + 1]
    if ";" in marks or "!" in marks or "?" in marks:
        # Part of code, an address or an entity (a?b=c, !=, &nbsp;x) when Latin goes on without a blank.
        return not (after and after.isascii() and (after.isalnum() or after in "=&/#%_"))
    if len(marks) > 1:  # "..." goes on when Latin follows without a blank, or in ../path
        return not (after and after.isascii() and (after.isalnum() or after in "/\\"))
    # One point, "." or "．".
    if after and not after.isspace() and after not in _CLOSERS and after not in "\"'" and not _is_cjk(after):
        return False  # 3.5, a.txt, www.a.cn, .5
    if not before or before.isspace():
        return False
    if (
        _LIST_NUMBER.match(text[max(start, found.start() - 8) : found.start()].strip())
        and found.start() - start <= 8
    ):
        return False  # 1. 第一
    if before.isdigit() and _is_cjk(after):
        return False  # 3.第三
    return not (
        before.isascii()
        and before.isalpha()
        and _ABBREVIATION.search(text[max(start, found.start() - 12) : found.start()])
    )


def _is_cjk(character: str) -> bool:
    return re.match(f"[{_CJK}]", character) is not None


def _past_closers(text: str, start: int, end: int) -> int:
    """Past the closing quotes and brackets, and any terminators among them: 好。”！"""
    straight = (
        {mark: text.count(mark, start, end) % 2 for mark in "\"'"}
        if text[end : end + 1] in ('"', "'")
        else {}
    )
    while end < len(text):
        character = text[end]
        if straight.get(character):  # an odd number so far: this one closes
            straight[character] = 0
        elif character not in _CLOSERS and character not in _ALWAYS and character not in "!?":
            return end
        end += 1
    return end


def _add(spans: list[Span], text: str, start: int, end: int, max_length: int | None) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start == end:
        return
    if max_length is None or end - start <= max_length:
        spans.append(Span(start, end))
        return
    sentence = text[start:end]
    cut = find_cut(sentence, 0, max_length)
    position = 0
    while position < len(sentence):
        _add(spans, text, start + position, start + cut, None)
        position, cut = cut, find_cut(sentence, cut, max_length)
