"""Example contexts: for each word, a line of the corpus in which it occurs, cut from the user's own text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import numpy as np

from zhnlp.mining.segmentation.units import mark_units
from zhnlp.text import Corpus, code_points, fold_characters

_AROUND = 30  # characters kept on each side of the word
_FIRST_HAN = "\u2e80"
_FIRST_WIDE = "\uff00"  # full-width letters, digits and marks begin here


class Example(TypedDict):
    """A word in its context: ``text[start:end]`` is the word; ``document`` counts as enumerate(corpus) does, ``offset`` from its start."""

    text: str
    start: int
    end: int
    document: int
    offset: int


def find_word(text: str, word: str, split_runs: bool = False) -> int:
    """Where ``word`` first stands in ``text`` without being cut out of a run of letters and digits; or -1.

    Width is ignored.  ``split_runs``: runs are cut where letters meet digits, as with ``runs="token"``.

    Example:
        >>> find_word("15G，用５Ｇ基站", "5G"), find_word("GPT-4o", "GPT"), find_word("GPT-4o", "GPT", split_runs=True)
        (5, -1, 0)
    """
    at = text.find(word)
    if at >= 0 and ((word[0] >= _FIRST_HAN and word[-1] >= _FIRST_HAN) or _stands_free(text, word, at)):
        return at
    folded = fold_characters(text)
    border = mark_units(code_points(folded), split_runs)
    at = folded.find(word)
    while at >= 0 and not (border[at] and border[at + len(word)]):
        at = folded.find(word, at + 1)
    return at


def _stands_free(text: str, word: str, at: int) -> bool:
    """Whether a word plainly is cut out of no run: its ends, or what is beside them, are no letters of any kind."""
    end = at + len(word)
    return (word[0] >= _FIRST_HAN or at == 0 or _FIRST_HAN <= text[at - 1] < _FIRST_WIDE) and (
        word[-1] >= _FIRST_HAN or end == len(text) or _FIRST_HAN <= text[end] < _FIRST_WIDE
    )


def example_in(text: str, word: str, document: int, split_runs: bool = False) -> Example | None:
    """The first occurrence of ``word`` in a document, with up to 30 characters of its line on each side."""
    at = find_word(text, word, split_runs)
    if at < 0:
        return None
    end = at + len(word)
    begin = max(text.rfind("\n", max(at - _AROUND, 0), at) + 1, at - _AROUND, 0)
    stop = text.find("\n", end, end + _AROUND)
    around = text[begin : end + _AROUND if stop < 0 else stop]
    return {"text": around, "start": at - begin, "end": end - begin, "document": document, "offset": at}


def find_examples(
    corpus: Corpus, words: Sequence[str], documents: np.ndarray, split_runs: bool = False
) -> list[Example | None]:
    """An example for each word, read again from ``corpus``; ``documents`` says in which document each occurs, (M,)."""
    examples: list[Example | None] = [None] * len(words)
    order = np.argsort(documents, kind="stable")
    sought = documents[order]
    at = int(np.searchsorted(sought, 0))
    first = 0  # spans before the block, blank ones included, as they are counted in mining
    numbered = 0  # documents before the block, as `enumerate(corpus)` counts them
    for block in corpus.blocks():
        if at == order.size:
            break
        number = np.cumsum(block.filled()) - 1 + numbered
        stop = int(np.searchsorted(sought, first + block.ends.size))
        spans = sought[at:stop] - first
        begins = np.where(spans > 0, block.ends[spans - 1] + 1, 0)
        places = zip(begins.tolist(), block.ends[spans].tolist(), number[spans].tolist())
        for word, (begin, end, document) in zip(order[at:stop].tolist(), places):
            examples[word] = example_in(block.text[begin:end], words[word], document, split_runs)
        at = stop
        first += block.ends.size
        numbered = int(number[-1]) + 1 if number.size else numbered
    return examples
