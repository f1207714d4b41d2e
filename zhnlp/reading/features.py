"""The eight hand features of post 5409: what a passage's words have in common with the question and with the other passages.

n units of the question, L units of a passage, N units of all passages together.  A unit is a word or a character.

Four features of a unit, all in [0, 1]:

    0  1 if it is a unit of the question, else 0
    1  share of the other passages that have it; 0 for a passage alone
    2  Jaccard: different units that question and window share, over those that either has
    3  edit distance of question and window, over n: 0 where they are equal

The window has n units, from n // 2 before the unit on; where it goes over an end it is filled with a unit that equals nothing
but itself.  A question without units has 0 in feature 2 and 1 in feature 3.

Source: 苏剑林, https://kexue.fm/archives/5409
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from zhnlp.reading.question_windows import passages_having, window_features
from zhnlp.text.characters import code_points

NAMES = ("matches", "elsewhere", "jaccard", "distance")


def hand_features(
    question: Sequence[str], passages: Iterable[Sequence[str]], *, per: str = "word"
) -> list[np.ndarray]:
    """The eight features of each passage: four of its words, then four of its characters, (L, 8) float32.

    Args:
        question: its words.
        passages: of each its words.  They are compared as they are: fold width and case before.
        per: "word": a row a word, features of characters are means over those of the word.  "character": a row a
            character, features of words are repeated.

    Raises:
        TypeError: a text that is no list of words.
        ValueError: ``per`` is neither, or a word is empty.

    Example:
        >>> passages = [["曹雪芹", "写", "了", "红楼梦"], ["红楼梦", "好看"]]
        >>> rows = hand_features(["谁", "写", "了", "红楼梦"], passages)
        >>> rows[0][2:].astype(float).round(2).tolist()  # the window of 了 is the passage: 3 of 5 words shared, 1 of 4 changed
        [[1.0, 0.0, 0.6, 0.25, 1.0, 0.0, 0.5, 0.5], [1.0, 1.0, 0.6, 0.5, 1.0, 1.0, 0.67, 0.39]]

    Source: 苏剑林, https://kexue.fm/archives/5409
    """
    if per not in ("word", "character"):
        raise ValueError(f"per got {per!r}: expected 'word' or 'character'")
    passages = list(passages)
    for name, words in (("question", question), *(("a passage", words) for words in passages)):
        if isinstance(words, str):
            raise TypeError(
                f"{name} is one str: expected its words. Next: JiebaWords().words(text), or list(text) for characters"
            )
        if not all(words):
            raise ValueError(f"{name} has an empty word: expected words of 1 character or more")
    of_words = _of_words(question, passages)
    of_characters = _of_characters("".join(question), ["".join(words) for words in passages])
    lengths = np.array([len(word) for words in passages for word in words], np.int64)
    if per == "character":
        of_words = np.repeat(of_words, lengths, axis=0)
        rows = [sum(map(len, words)) for words in passages]
    else:
        if len(lengths):
            borders = np.cumsum(lengths) - lengths
            of_characters = np.add.reduceat(of_characters, borders, axis=0) / lengths[:, None]
        rows = list(map(len, passages))
    return _split(np.concatenate((of_words, of_characters), 1).astype(np.float32), rows)


def unit_features(question: Sequence[str], passages: Sequence[Sequence[str]]) -> list[np.ndarray]:
    """The four features of units of one kind, (L, 4) float32 for each passage.

    Example:
        >>> unit_features("谁写的", ["他写的", "写"])[0].astype(float).round(2).tolist()
        [[0.0, 0.0, 0.2, 1.0], [1.0, 1.0, 0.5, 0.33], [1.0, 0.0, 0.5, 0.67]]
    """
    return _split(_of_words(question, passages), list(map(len, passages)))


def _split(rows: np.ndarray, lengths: Sequence[int]) -> list[np.ndarray]:
    """Those of each passage."""
    return np.split(rows, np.cumsum(lengths)[:-1]) if len(lengths) else []


def _of_words(question: Sequence[str], passages: Sequence[Sequence[str]]) -> np.ndarray:
    numbers: dict[str, int] = {}
    asked = _numbered(question, numbers)
    return _features(asked, [_numbered(units, numbers) for units in passages], len(numbers) + 1)


def _of_characters(question: str, passages: Sequence[str]) -> np.ndarray:
    """The same of characters, which are numbers already."""
    codes, numbers = np.unique(code_points(question + "".join(passages)), return_inverse=True)
    borders = np.cumsum([len(question), *map(len, passages)])[:-1]
    asked, *ids = np.split(numbers.astype(np.int64) + 1, borders)
    return _features(asked, ids, len(codes) + 1)


def _features(asked: np.ndarray, ids: Sequence[np.ndarray], units: int) -> np.ndarray:
    """(N, 4) of the numbers of units, 1 to below ``units``."""
    of_question = np.zeros(units, bool)  # is it a unit of the question?
    of_question[asked] = True
    together = np.concatenate([np.zeros(0, np.int64), *ids])
    found = np.zeros((len(together), 4), np.float32)
    found[:, 0] = of_question[together]
    found[:, 1] = _elsewhere(ids, units)
    found[:, 3] = 1
    if len(asked):
        found[:, 2:] = window_features(ids, asked, units)
    return found


def _numbered(units: Sequence[str], numbers: dict[str, int]) -> np.ndarray:
    """Numbers from 1 on, the same for the same unit; new ones are added to ``numbers``."""
    for unit in units:
        if unit not in numbers:
            numbers[unit] = len(numbers) + 1
    return np.array([numbers[unit] for unit in units], np.int64)


def _elsewhere(ids: Sequence[np.ndarray], units: int) -> np.ndarray:
    """(N,) share of the other passages that have a unit."""
    together = np.concatenate([np.zeros(0, np.int64), *ids])
    having = passages_having(ids, units)
    return (having[together] - 1) / max(len(ids) - 1, 1)
