"""How much of a question a passage has at all: what says that a passage is about something else.

n units of the question, P passages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

COLUMNS = 2


def question_coverage(
    question: Sequence[str], passages: Sequence[Sequence[str]], rarity: Callable[[str], float]
) -> np.ndarray:
    """Of each passage the share of the question's words that it has, rare ones counting more, and of its pairs of characters, (P, 2).

    Both are in [0, 1], and 0 for a question without any.

    Args:
        question: its words.
        passages: of each its words; they are compared as they are.
        rarity: what a word counts, 0 or more.

    Example:
        >>> weight = {"谁": 1.0, "写": 2.0, "红楼梦": 5.0}.get
        >>> question_coverage(["谁", "写", "红楼梦"], [["红楼梦", "好看"], ["谁", "写"]], weight).round(3).tolist()
        [[0.625, 0.5], [0.375, 0.25]]
    """
    asked = set(question)
    weights = {word: rarity(word) for word in asked}
    total = sum(weights.values())
    pairs = _pairs(question)
    found = np.zeros((len(passages), COLUMNS), np.float32)
    for row, words in zip(found, passages):
        if total > 0:
            row[0] = sum(weights[word] for word in asked & set(words)) / total
        if pairs:
            text = "".join(words)
            row[1] = sum(pair in text for pair in pairs) / len(pairs)
    return found


def _pairs(words: Sequence[str]) -> set[str]:
    text = "".join(words)
    return {text[place : place + 2] for place in range(len(text) - 1)}
