"""Which known word each character of a text belongs to, for models that read characters and have word vectors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from zhnlp.text.width import fold_characters
from zhnlp.tokenizers.words.base import WordTokenizer


class WordNumbers:
    """Number the characters of texts by their words: 1 to W, 0 where no known word is.

    Texts are cut in half-width form; a word that is not known as it stands is looked up in that form and lower case.  Where that
    fails too, the longest known words inside it are taken from left to right, so that 华东电网公司 still has the vectors of 华东,
    电网 and 公司.

    Args:
        words: W different words, in the order of their vectors, such as ``WordVectors.words``.
        segmenter: cuts texts into words.  ``JiebaWords(hmm=False, user_words=vectors.words)`` is what post 6906 has, and
            `MinedWords` needs no dictionary at all.

    Raises:
        ValueError: a word occurs twice, or is empty.

    Example:
        >>> from zhnlp.tokenizers.words import JiebaWords
        >>> numbers = WordNumbers(["北京大学", "学习", "gpu"], JiebaWords())
        >>> numbers.of("我在北京大学用ＧＰＵ学习").tolist()
        [0, 0, 1, 1, 1, 1, 0, 3, 3, 3, 2, 2]

    Source: 苏剑林, https://kexue.fm/archives/6906
    """

    def __init__(self, words: Sequence[str], segmenter: WordTokenizer):
        self.segmenter = segmenter
        self._numbers = {word: number for number, word in enumerate(words, 1)}
        if len(self._numbers) < len(words) or "" in self._numbers:
            what = "an empty word" if "" in self._numbers else "a word twice"
            raise ValueError(f"words hold {what}: expected different words, as those of WordVectors are")
        self._longest = max(map(len, self._numbers), default=0)

    def __len__(self) -> int:
        return len(self._numbers)

    def of(self, text: str, spans: Iterable[tuple[int, int]] | None = None) -> np.ndarray:
        """The number of each character's word, (L,) int64; never other than 0 on blanks.

        Args:
            spans: the words of the text, where they are known already; None asks the segmenter.
        """
        found = np.zeros(len(text), np.int64)
        folded = fold_characters(text)
        lower = folded.lower()
        if len(lower) != len(folded):  # İ becomes two
            lower = "".join(one if len(one.lower()) > 1 else one.lower() for one in folded)
        spans = list(self.segmenter.spans(folded) if spans is None else spans)
        known = self._numbers
        numbers = [known.get(text[start:end]) or known.get(lower[start:end], 0) for start, end in spans]
        _fill(found, spans, numbers)
        for (start, end), number in zip(spans, numbers):
            if not number and end - start > 1:
                self._inside(text, lower, start, end, found)
        return found

    def _number(self, text: str, lower: str, start: int, end: int) -> int:
        return self._numbers.get(text[start:end]) or self._numbers.get(lower[start:end], 0)

    def _inside(self, text: str, lower: str, start: int, end: int, found: np.ndarray) -> None:
        """Number the longest known words inside an unknown one, from left to right."""
        while start < end:
            for stop in range(min(end, start + self._longest), start, -1):
                if number := self._number(text, lower, start, stop):
                    found[start:stop] = number
                    break
            else:
                stop = start + 1
            start = stop


def _fill(found: np.ndarray, spans: list[tuple[int, int]], numbers: list[int]) -> None:
    """Write each number over its span; a slice each would take twice as long."""
    if not spans:
        return
    starts, ends = np.array(spans, np.int64).T
    lengths = ends - starts
    before = np.cumsum(lengths) - lengths
    places = np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))
    found[places] = np.repeat(np.array(numbers, np.int64), lengths)
