"""Candidates: every stretch of one to five words between function words and punctuation, with where it occurs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zhnlp.mining.terms.keywords.words import Kind, Words

MAX_WORDS = 5
MAX_CHARACTERS = 16  # of Han; a Latin run counts as two


class Candidates(NamedTuple):
    """The M candidates of a text, in the order of their first occurrence, and their S occurrences.

    Occurrences are sorted by candidate, then by place, so that those of candidate c are
    ``begin[c]:begin[c] + count[c]``.
    """

    keys: list[str]  # small letters, width folded, blanks only between Latin runs
    lengths: np.ndarray  # (M,) int64, characters; a Latin run counts as two
    count: np.ndarray  # (M,) int64
    begin: np.ndarray  # (M,) int64: the first occurrence among those below
    candidate: np.ndarray  # (S,) int64
    first: np.ndarray  # (S,) int64: the word at which the occurrence starts
    last: np.ndarray  # (S,) int64: the word with which it ends


def find_candidates(words: Words) -> Candidates:
    """The candidates of a text.

    Example:
        >>> from zhnlp.mining.terms.keywords.words import split_words
        >>> found = find_candidates(split_words("神经网络的训练，训练神经网络。"))
        >>> list(zip(found.keys, found.count.tolist()))
        [('神经网络', 2), ('训练', 2), ('训练神经网络', 1)]
    """
    size = len(words.keys)
    kinds = words.kinds
    inside = kinds != Kind.BREAK
    edge = inside & (kinds != Kind.JOINER)
    widths = np.fromiter(map(len, words.keys), np.int64, size)
    widths[kinds == Kind.RUN] = 2
    reach = np.concatenate([[0], np.cumsum(widths)])
    named = np.concatenate(
        [[0], np.cumsum(kinds != Kind.NUMBER)]
    )  # words that are more than a number or unit
    firsts, lasts = [], []
    alive = np.flatnonzero(edge)  # starts whose phrase may still grow
    for length in range(MAX_WORDS):
        last = alive + length
        fits = last < size
        alive, last = alive[fits], last[fits]
        if length:
            fits = inside[last] & words.joined[last] & (reach[last + 1] - reach[alive] <= MAX_CHARACTERS)
            alive, last = alive[fits], last[fits]
        ends = edge[last] & (reach[last + 1] - reach[alive] > 1) & (named[last + 1] > named[alive])
        firsts.append(alive[ends])
        lasts.append(last[ends])
    first, last = np.concatenate(firsts), np.concatenate(lasts)
    order = np.lexsort((last, first))
    first, last = first[order], last[order]
    keys, candidate = _number(words, first, last)
    order = np.argsort(candidate, kind="stable")
    candidate, first, last = candidate[order], first[order], last[order]
    count = np.bincount(candidate, minlength=len(keys))
    begin = np.cumsum(count) - count
    lengths = reach[last[begin] + 1] - reach[first[begin]]
    return Candidates(keys, lengths, count, begin, candidate, first, last)


def _number(words: Words, first: np.ndarray, last: np.ndarray) -> tuple[list[str], np.ndarray]:
    """The distinct keys of the stretches, and the number of each stretch's key."""
    gap = np.zeros(len(words.keys) + 1, np.int64)  # blanks before each word
    gap[1:-1] = np.array(words.starts[1:], np.int64) > np.array(words.ends[:-1], np.int64)
    gaps = np.cumsum(gap)
    blank = gaps[last] > gaps[first]
    numbers: dict[str, int] = {}
    text = "".join(words.keys)
    at = np.concatenate([[0], np.cumsum([len(key) for key in words.keys])]).astype(np.int64)
    candidate = np.empty(first.size, np.int64)
    columns = first.tolist(), last.tolist(), at[first].tolist(), at[last + 1].tolist(), blank.tolist()
    for number, (i, j, start, end, has_blank) in enumerate(zip(*columns)):
        key = spaced(words, i, j) if has_blank else text[start:end]
        candidate[number] = numbers.setdefault(key, len(numbers))
    return list(numbers), candidate


def spaced(words: Words, i: int, j: int) -> str:
    """The words i to j as one key: a blank stays between two Latin runs, and goes elsewhere."""
    parts = [words.keys[i]]
    for k in range(i + 1, j + 1):
        runs = words.kinds[k] == Kind.RUN == words.kinds[k - 1]
        parts.append(" " if runs and words.starts[k] > words.ends[k - 1] else "")
        parts.append(words.keys[k])
    return "".join(parts)
