"""The one interface of word tokenizers: spans that cut the user's own string."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator

Span = tuple[int, int]
_VISIBLE = re.compile(r"\S+")


class WordTokenizer(ABC):
    """Cut text into words; a subclass gives `cut`, everything else follows.

    The spans of `spans` are ordered, disjoint, never empty, hold no blank (what ``str.isspace`` calls so), and cover
    every other character, whatever `cut` gave.
    """

    @abstractmethod
    def cut(self, text: str) -> Iterable[Span]:
        """Where words start and end; what is left out, overlaps or holds blanks is mended by `spans`."""

    def spans(self, text: str) -> list[Span]:
        """Where words start and end: ``text[start:end]`` is a word.

        Raises:
            TypeError: ``text`` is no str.
        """
        if not isinstance(text, str):
            raise TypeError(f"got {type(text).__name__}: expected str; for many texts see words_of")
        found: list[Span] = []
        done = 0
        for start, end in self.cut(text):
            start = max(start, done)
            if end > start:
                found += visible(text, done, start)
                found += visible(text, start, end)
                done = end
        return found + visible(text, done, len(text))

    def words(self, text: str) -> list[str]:
        """The words of a text, in order."""
        return [text[start:end] for start, end in self.spans(text)]

    def segment(self, text: str) -> list[dict]:
        """``{"word", "start", "end"}`` of each word, as pipeline("word-segmentation") gives them."""
        return [{"word": text[start:end], "start": start, "end": end} for start, end in self.spans(text)]

    def words_of(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """The words of each text, in the order of the texts, one at a time.

        Raises:
            TypeError: ``texts`` is one str.
        """
        if isinstance(texts, str):
            raise TypeError("words_of got a str: expected texts; for one text see words")
        return map(self.words, texts)


def visible(text: str, start: int, end: int) -> list[Span]:
    """The runs without blanks of ``text[start:end]``.

    Example:
        >>> visible("我 们好 ", 0, 5)
        [(0, 1), (2, 4)]
    """
    return [match.span() for match in _VISIBLE.finditer(text, start, end)]
