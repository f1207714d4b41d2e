"""Words, characters and pieces of one text: which covers which, from offsets alone and never by decoding.

L characters, P pieces, W words.  Spans are (start, end), ends exclusive; of pieces too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

Span = tuple[int, int]


class Alignment:
    """The pieces of a text by their offsets.

    A piece may cover several characters (``##ing``), a character several pieces (the bytes of byte-level BPE), and a
    piece no character at all ([CLS]): that one belongs to no character and no word.

    Args:
        text: the user's own string.
        offsets: (start, end) of each piece in ``text``, as a fast tokenizer gives them.

    Raises:
        ValueError: an offset lies outside the text, or pieces go backwards (two texts in one encoding: see `of`).

    Example:
        >>> pieces = ["[CLS]", "我", "用", "i", "##phone", "[SEP]"]
        >>> alignment = Alignment("我用iphone", [(0, 0), (0, 1), (1, 2), (2, 3), (3, 8), (0, 0)])
        >>> first, last = alignment.pieces(2, 8)
        >>> pieces[first:last], alignment.characters(first, last)
        (['i', '##phone'], (2, 8))
        >>> alignment.word_pieces([(0, 1), (1, 2), (2, 8)])
        [(1, 2), (2, 3), (3, 5)]
        >>> alignment.word_of_piece([(0, 1), (1, 2), (2, 8)]).tolist()
        [-1, 0, 1, 2, 2, -1]
    """

    __slots__ = ("_ends", "_starts", "_visible", "offsets", "text")

    def __init__(self, text: str, offsets: Iterable[Sequence[int]]):
        self.text = text
        self.offsets = np.asarray([tuple(span) for span in offsets], np.int64).reshape(-1, 2)  # (P, 2)
        starts, ends = self.offsets.T
        wrong = np.flatnonzero((starts < 0) | (ends > len(text)) | (starts > ends))
        if wrong.size:
            raise ValueError(
                f"piece {wrong[0]} has the offsets {tuple(self.offsets[wrong[0]].tolist())}: expected a span of the text of "
                f"{len(text)} characters. Likely the offsets of another text"
            )
        self._visible = np.flatnonzero(ends > starts)
        self._starts, self._ends = starts[self._visible], ends[self._visible]
        back = np.flatnonzero((np.diff(self._starts) < 0) | (np.diff(self._ends) < 0))
        if back.size:
            raise ValueError(
                f"pieces {self._visible[back[0]]} and {self._visible[back[0] + 1]} go backwards in the text: expected the "
                "pieces of one text in order. Next: for two texts in one encoding, Alignment.of(encoding, text, sequence=)"
            )

    @classmethod
    def of(cls, encoding: Any, text: str, *, row: int = 0, sequence: int | None = None) -> Alignment:
        """The alignment of a ``BatchEncoding`` (its ``row``) or of an ``Encoding`` of the tokenizers library.

        Args:
            encoding: what a fast tokenizer returns; ``return_offsets_mapping`` is not needed.
            text: the text that was encoded.
            row: which text of a batch.
            sequence: 0 or 1, the side of a pair that ``text`` is; pieces of the other side belong to no character.

        Raises:
            ValueError: the encoding is of a tokenizer without offsets.
        """
        if getattr(encoding, "encodings", False) is None:
            raise ValueError(
                "the encoding has no offsets: expected one of a fast tokenizer. Next: tokenizers.load(…)"
            )
        one = encoding.encodings[row] if hasattr(encoding, "encodings") else encoding
        side = 0 if sequence is None and set(one.sequence_ids) == {None, 0} else sequence
        offsets = [
            span if (side is None or number == side) and not is_only_blank(token, text, span) else (0, 0)
            for span, number, token in zip(one.offsets, one.sequence_ids, one.tokens)
        ]
        return cls(text, offsets)

    def __len__(self) -> int:
        return len(self.offsets)

    def pieces(self, start: int, end: int) -> Span:
        """The smallest run of pieces that holds every piece with a character of ``text[start:end]``; empty where none.

        Raises:
            IndexError: not ``0 <= start <= end <= len(text)``.
        """
        if not 0 <= start <= end <= len(self.text):
            raise IndexError(f"span {start}:{end} is not inside the text of {len(self.text)} characters")
        first = int(np.searchsorted(self._ends, start, side="right"))
        last = int(np.searchsorted(self._starts, end, side="left"))
        if start == end or first >= last:
            place = int(self._visible[first]) if first < len(self._visible) else len(self)
            return place, place
        return int(self._visible[first]), int(self._visible[last - 1]) + 1

    def characters(self, first: int, last: int) -> Span:
        """The span of the text from the first to the last character of the pieces ``first:last``; empty where none.

        Raises:
            IndexError: not ``0 <= first <= last <= len(self)``.
        """
        if not 0 <= first <= last <= len(self):
            raise IndexError(f"span {first}:{last} is not inside the {len(self)} pieces")
        low, high = np.searchsorted(self._visible, (first, last))
        if low == high:
            place = int(self._starts[low]) if low < len(self._visible) else len(self.text)
            return place, place
        return int(self._starts[low]), int(self._ends[high - 1])

    def cut(self, first: int, last: int) -> str:
        """The text of the pieces ``first:last``, cut from the source."""
        start, end = self.characters(first, last)
        return self.text[start:end]

    def piece_of_character(self) -> np.ndarray:
        """The first piece of each character, (L,) int64; -1 where none covers it (blanks, what a normaliser drops)."""
        found = np.full(len(self.text), -1, np.int64)
        for piece, (start, end) in zip(
            self._visible[::-1].tolist(), self.offsets[self._visible][::-1].tolist()
        ):
            found[start:end] = piece
        return found

    def word_pieces(self, words: Iterable[Span]) -> list[Span]:
        """The run of pieces of each word (start, end); a piece over the border of two words is in both."""
        return [self.pieces(*_span(word)) for word in words]

    def word_of_piece(self, words: Iterable[Span]) -> np.ndarray:
        """For each piece the word with its first character that is in a word, (P,) int64; -1 where there is none.

        Raises:
            ValueError: words overlap or are out of order.
        """
        spans = np.asarray([_span(word) for word in words], np.int64).reshape(-1, 2)
        if (spans[1:, 0] < spans[:-1, 1]).any():
            raise ValueError(
                "words overlap or are out of order: expected (start, end) spans from left to right"
            )
        found = np.full(len(self), -1, np.int64)
        if len(spans):
            word = np.searchsorted(spans[:, 1], self._starts, side="right")
            inside = word < len(spans)
            inside[inside] &= spans[word[inside], 0] < self._ends[inside]
            found[self._visible[inside]] = word[inside]
        return found


def is_only_blank(token: str, text: str, span: Span) -> bool:
    """Whether a piece is SentencePiece's blank before a word, which is said to cover that word's first character."""
    return token == "▁" and not text[span[0] : span[1]].isspace()


def _span(word: Any) -> Span:
    """(start, end) of a word: a pair, or a dict with these keys."""
    return (word["start"], word["end"]) if isinstance(word, dict) else (word[0], word[1])
