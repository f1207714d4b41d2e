"""Scores of tokens merged into scores of words.

A token that is longer than a character divides its score evenly among its visible characters, and a word has the sum of its
characters; so words sum to what the tokens sum to, wherever borders lie.  Blanks belong to no word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np


def character_scores(text: str, tokens: Iterable[Mapping[str, Any]]) -> np.ndarray:
    """The score of each character, (L,) float64; 0 where no token is.

    Args:
        text: the user's own string.
        tokens: disjoint, with "start", "end" and "score".

    Example:
        >>> character_scores("用 ok", [{"start": 0, "end": 1, "score": 1.0}, {"start": 1, "end": 4, "score": -3.0}]).tolist()
        [1.0, 0.0, -1.5, -1.5]
    """
    scores = np.zeros(len(text))
    for token in tokens:
        places = range(token["start"], token["end"])
        seen = [place for place in places if not text[place].isspace()] or list(places)
        scores[seen] += token["score"] / max(1, len(seen))
    return scores


def merge_words(
    text: str, tokens: Sequence[Mapping[str, Any]], words: Iterable[tuple[int, int]]
) -> list[dict[str, Any]]:
    """``{"text", "start", "end", "score"}`` of every word with a character that was read.

    Args:
        text: the user's own string.
        tokens: disjoint and in order.
        words: (start, end) of each, as `zhnlp.tokenizers.WordTokenizer.spans` gives them.

    Example:
        >>> tokens = [{"start": n, "end": n + 1, "score": s} for n, s in enumerate([1.0, 2.0, -4.0])]
        >>> [(word["text"], word["score"]) for word in merge_words("房间脏了", tokens, [(0, 2), (2, 3), (3, 4)])]
        [('房间', 3.0), ('脏', -4.0)]
    """
    scores = character_scores(text, tokens)
    read = np.zeros(len(text), bool)
    for token in tokens:
        read[token["start"] : token["end"]] = True
    return [
        {"text": text[start:end], "start": start, "end": end, "score": float(scores[start:end].sum())}
        for start, end in words
        if read[start:end].any()
    ]
