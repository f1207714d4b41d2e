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

NAMES = ("matches", "elsewhere", "jaccard", "distance")
NUMBERS_AT_ONCE = 2_000_000

_PAD = 0


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
    of_words = unit_features(question, passages)
    of_characters = unit_features(list("".join(question)), [list("".join(words)) for words in passages])
    found = []
    for words, word_rows, character_rows in zip(passages, of_words, of_characters):
        lengths = np.fromiter(map(len, words), np.int64, len(words))
        if per == "character":
            word_rows = np.repeat(word_rows, lengths, axis=0)
        elif len(words):
            borders = np.cumsum(lengths) - lengths
            character_rows = np.add.reduceat(character_rows, borders, axis=0) / lengths[:, None]
        found.append(np.concatenate((word_rows, character_rows), 1).astype(np.float32))
    return found


def unit_features(question: Sequence[str], passages: Sequence[Sequence[str]]) -> list[np.ndarray]:
    """The four features of units of one kind, (L, 4) float32 for each passage.

    Example:
        >>> unit_features("谁写的", ["他写的", "写"])[0].astype(float).round(2).tolist()
        [[0.0, 0.0, 0.2, 1.0], [1.0, 1.0, 0.5, 0.33], [1.0, 0.0, 0.5, 0.67]]
    """
    numbers: dict[str, int] = {}
    asked = _numbered(question, numbers)
    ids = [_numbered(units, numbers) for units in passages]
    of_question = np.zeros(len(numbers) + 1, bool)  # is it a unit of the question?
    of_question[asked] = True
    together = np.concatenate([np.zeros(0, np.int64), *ids])
    found = np.zeros((len(together), 4), np.float32)
    found[:, 0] = of_question[together]
    found[:, 1] = _elsewhere(ids, len(numbers) + 1)
    found[:, 3] = 1
    if len(asked):
        windows = _windows(ids, len(asked))  # (N, n)
        step = max(1, NUMBERS_AT_ONCE // len(asked))
        for first in range(0, len(windows), step):
            part = windows[first : first + step]
            found[first : first + step, 2] = _jaccard(part, of_question)
            found[first : first + step, 3] = edit_distances(part, asked) / len(asked)
    return np.split(found, np.cumsum([len(row) for row in ids])[:-1]) if ids else []


def edit_distances(rows: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Levenshtein's distance of each row (N, n) to ``target`` (m,): insertions, deletions and changes, (N,) int32.

    One line of the usual table for all rows at once; along a line, insertions are a running minimum.

    Example:
        >>> edit_distances(np.array([[1, 2, 3], [2, 3, 4], [7, 8, 9]]), np.array([1, 2, 3])).tolist()
        [0, 2, 3]
    """
    kind = np.int16 if len(target) + rows.shape[1] < 2**15 else np.int32
    places = np.arange(len(target) + 1, dtype=kind)[:, None]
    line = np.repeat(places, len(rows), axis=1)  # (m + 1, N): all rows side by side
    target = np.asarray(target)[:, None]
    for number, column in enumerate(np.ascontiguousarray(np.asarray(rows).T), 1):
        after = np.empty_like(line)
        after[0] = number
        np.minimum(line[1:] + kind(1), line[:-1] + (column != target), out=after[1:])
        after -= places
        line = np.minimum.accumulate(after, axis=0, out=after)
        line += places
    return line[-1].astype(np.int32)


def _numbered(units: Sequence[str], numbers: dict[str, int]) -> np.ndarray:
    """Numbers from 1 on, the same for the same unit; new ones are added to ``numbers``."""
    for unit in units:
        if unit not in numbers:
            numbers[unit] = len(numbers) + 1
    return np.array([numbers[unit] for unit in units], np.int64)


def _elsewhere(ids: Sequence[np.ndarray], units: int) -> np.ndarray:
    """(N,) share of the other passages that have a unit."""
    having = np.zeros(units, np.int64)
    for row in ids:
        having[np.unique(row)] += 1
    together = np.concatenate([np.zeros(0, np.int64), *ids])
    return (having[together] - 1) / max(len(ids) - 1, 1)


def _windows(ids: Sequence[np.ndarray], size: int) -> np.ndarray:
    """(N, size) of every unit its window, `_PAD` beyond the ends of its passage."""
    before = np.full(size // 2, _PAD, np.int64)
    behind = np.full(size - 1 - size // 2, _PAD, np.int64)
    parts = [
        np.lib.stride_tricks.sliding_window_view(np.concatenate((before, row, behind)), size)
        for row in ids
        if len(row)
    ]
    return np.concatenate([np.zeros((0, size), np.int64), *parts])


def _jaccard(windows: np.ndarray, of_question: np.ndarray) -> np.ndarray:
    """(N,) of windows (N, n)."""
    ordered = np.sort(windows, 1)
    first = np.ones(ordered.shape, bool)  # of equal units
    first[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    shared = (first & of_question[ordered]).sum(1)
    return shared / (first.sum(1) + of_question.sum() - shared)
