"""The Tang poems in the four common forms, spelt as today, split into train, valid and test.  For research: nothing trained on it ships.

A poem is taken by its shape alone: 4 or 8 lines of 5 or 7 characters each; whether its tones are regulated is not looked at.
Lines end at 「，。？！；」, and these become the comma and the full stop of the form.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from public_data import records

from zhnlp.text import held_out, is_han

FILE = "corpora/tang_poems.jsonl.xz"
VALID, TEST = 0.05, 0.05  # shares of the poems
_LINE = re.compile("([^，。？！；]+)[，。？！；]")
# Spellings of the collection that opencc leaves as they are, and those of today.
_VARIANTS = str.maketrans(
    "疎鴈劒猨慙簷徧嬾堦櫂蘂媿髪廻桮暎隣歛飜呌鏁罇覩逈竝秖秪牋缾巵棃顦顇鵶僊隄趂羇荅嚬燄讐",
    "疏雁剑猿惭檐遍懒阶棹蕊愧发回杯映邻敛翻叫锁樽睹迥并只只笺瓶卮梨憔悴鸦仙堤趁羁答颦焰仇",
)


@dataclass(frozen=True)
class Form:
    """A form of verse: so many lines of so many characters."""

    name: str
    lines: int
    length: int

    @property
    def prompt(self) -> str:
        """What stands before a poem of the form, in training and in writing."""
        return f"{self.name}："

    def text(self, lines: Iterable[str]) -> str:
        """The poem of these lines, with its marks.

        Example:
            >>> Form("", 2, 2).text(["天地", "玄黄"])
            '天地，玄黄。'
        """
        return "".join(line + "，。"[number % 2] for number, line in enumerate(lines))

    def holds(self, text: str) -> bool:
        """Whether a text has exactly this form.

        Example:
            >>> Form("", 2, 2).holds("天地，玄黄。"), Form("", 2, 2).holds("天地，玄。"), Form("", 2, 2).holds("天x，玄黄。")
            (True, False, False)
        """
        lines = lines_of(text)
        right = len(lines) == self.lines and all(len(line) == self.length and is_han(line) for line in lines)
        return right and self.text(lines) == text


FORMS = tuple(
    Form(f"{number}言{kind}", lines, length)
    for number, length in (("五", 5), ("七", 7))
    for kind, lines in (("绝句", 4), ("律诗", 8))
)
SIGN = FORMS[0].prompt[-1]  # behind which a poem begins


@dataclass(frozen=True)
class Poem:
    """A poem in form."""

    form: Form
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return self.form.text(self.lines)


def lines_of(text: str) -> list[str]:
    """What stands between the marks.

    Example:
        >>> lines_of("天地，玄黄。宇")
        ['天地', '玄黄', '宇']
    """
    return [line for line in re.split("[，。]", text) if line]


def rhyme_words(text: str) -> list[str]:
    """The last characters of even lines.

    Example:
        >>> rhyme_words("天地，玄黄。宇宙，洪荒。")
        ['黄', '荒']
    """
    return [line[-1] for line in lines_of(text)[1::2]]


def five_grams(text: str) -> Iterator[str]:
    """Five characters in a row inside a line.

    Example:
        >>> list(five_grams("一二三四五六，七八九十零。"))
        ['一二三四五', '二三四五六', '七八九十零']
    """
    for line in lines_of(text):
        yield from (line[at : at + 5] for at in range(len(line) - 4))


def read_poems(path: Path, counts: Counter[str]) -> Iterator[Poem]:
    """The poems in form, each text once; what is left out is counted."""
    from opencc import OpenCC

    simplify, seen = OpenCC("t2s").convert, set()
    shapes = {(form.lines, form.length): form for form in FORMS}
    for row in records(path, "paragraphs"):
        text = "".join(row["paragraphs"] or ())
        lines = _LINE.findall(text)
        widths = {len(line) for line in lines}
        form = shapes.get((len(lines), max(widths, default=0)))
        if form is None or len(widths) > 1 or sum(map(len, lines)) + len(lines) != len(text):
            counts["of another shape"] += 1
            continue
        poem = Poem(form, tuple(simplify(line).translate(_VARIANTS) for line in lines))
        if not form.holds(poem.text):
            counts["with signs inside a line"] += 1
        elif poem.text in seen:
            counts["there already"] += 1
        else:
            seen.add(poem.text)
            yield poem


def split(poems: Iterable[Poem], known: Callable[[str], bool], counts: Counter[str]) -> dict[str, list[Poem]]:
    """Train, valid and test, by a hash of the text.

    Held-out poems of which half the lines or more stand in a poem of train are left out and counted, as are poems with a
    character that is not ``known``.
    """
    parts: dict[str, list[Poem]] = {"train": [], "valid": [], "test": []}
    for poem in poems:
        if not all(map(known, poem.text)):
            counts["with a character that the model lacks"] += 1
            continue
        part = (
            "test" if held_out(poem.text, TEST) else "valid" if held_out(poem.text, TEST + VALID) else "train"
        )
        parts[part].append(poem)
    lines = {line for poem in parts["train"] for line in poem.lines}
    for part in ("valid", "test"):
        new = [poem for poem in parts[part] if 2 * len(lines.intersection(poem.lines)) < poem.form.lines]
        counts["held out, but like one of train"] += len(parts[part]) - len(new)
        parts[part] = new
    for part, found in parts.items():
        counts[part] = len(found)
    return parts
