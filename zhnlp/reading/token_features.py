"""What a network is told of each character of a passage besides the character: the hand features, and the question's coverage.

L characters of a passage, F features.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from zhnlp.reading.coverage import COLUMNS, question_coverage
from zhnlp.reading.features import hand_features
from zhnlp.reading.word_vectors import WordKnowledge, split_runs
from zhnlp.text.width import fold_characters

HAND = 8  # features of post 5409

Cut = Iterable[tuple[int, int]] | None  # words of a text as spans; None for characters alone


@dataclass(frozen=True)
class TokenFeatures:
    """Which features there are, and their values.

    Attributes:
        hand: whether the eight of `zhnlp.reading.features` are among them.
        knowledge: words with counts, for the two of `zhnlp.reading.coverage`; None for none of those.

    Example:
        >>> beside = TokenFeatures(hand=True)
        >>> beside.size, beside.of_characters("谁写的", None, ["他写的"], [None])[0].shape
        (8, (3, 8))
    """

    hand: bool = False
    knowledge: WordKnowledge | None = None

    @property
    def size(self) -> int:
        """F."""
        return HAND * self.hand + COLUMNS * (self.knowledge is not None)

    def of_characters(
        self, question: str, question_cut: Cut, passages: Sequence[str], cuts: Sequence[Cut]
    ) -> list[np.ndarray]:
        """(L, F) float16 of each passage, a row a character."""
        asked = units(question, question_cut)
        return self.of_units(asked, [units(text, cut) for text, cut in zip(passages, cuts)], "character")

    def of_units(
        self, question: Sequence[str], passages: Sequence[Sequence[str]], per: str = "word"
    ) -> list[np.ndarray]:
        """(L, F) float16 of each passage, a row a word or a character, see `hand_features`; words are compared as they are."""
        parts: list[list[np.ndarray]] = []
        if self.hand:
            parts.append(hand_features(question, passages, per=per))
        if self.knowledge is not None:
            lengths = [len(words) if per == "word" else sum(map(len, words)) for words in passages]
            whole = question_coverage(question, passages, self.knowledge.rarity)
            parts.append([np.broadcast_to(row, (length, COLUMNS)) for row, length in zip(whole, lengths)])
        if len(parts) == 1:
            return [rows.astype(np.float16) for rows in parts[0]]
        return [np.concatenate(rows, 1, dtype=np.float16, casting="same_kind") for rows in zip(*parts)]


def comparable(text: str) -> str:
    """What is compared: half-width, lower case, as long as the text.

    Example:
        >>> comparable("ＧＰＵ 很快"), len(comparable("İ"))
        ('gpu 很快', 1)
    """
    folded = fold_characters(text)
    lower = folded.lower()
    return lower if len(lower) == len(folded) else folded


def units(text: str, cut: Cut) -> list[str]:
    """Words, and blanks as units of their own, so that there is a character for each of the text's.

    Example:
        >>> units("电网 在1949年", [(0, 2), (3, 4), (4, 9)])
        ['电网', ' ', '在', '1', '9', '4', '9', '年']
    """
    same = comparable(text)
    found: list[str] = []
    done = 0
    for start, end in split_runs(same, cut or ()):
        found += [*same[done:start], same[start:end]]
        done = end
    return [*found, *same[done:]]
