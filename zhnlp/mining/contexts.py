"""Example contexts: for each word, a line of the corpus in which it occurs, cut from the user's own text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import numpy as np

from zhnlp.mining.segmentation.units import mark_units
from zhnlp.text import Corpus, code_points, width_table

_AROUND = 30  # characters kept on each side of the word
_FIRST_HAN = "\u2e80"


class Example(TypedDict):
    """A word in its context: ``text[start:end]`` is the word; ``document`` counts as enumerate(corpus) does, ``offset`` from its start."""

    text: str
    start: int
    end: int
    document: int
    offset: int


def _fold(text: str) -> str:
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    return width_table()[points].astype(np.uint32).tobytes().decode("utf-32-le", "surrogatepass")


def find_word(text: str, word: str, split_runs: bool = False) -> int:
    """Where ``word`` first stands in ``text`` without being cut out of a run of letters and digits; or -1.

    Width is ignored.  ``split_runs``: runs are cut where letters meet digits, as with ``runs="token"``.

    Example:
        >>> find_word("15G，用５Ｇ基站", "5G"), find_word("GPT-4o", "GPT"), find_word("GPT-4o", "GPT", split_runs=True)
        (5, -1, 0)
    """
    han = word[0] >= _FIRST_HAN and word[-1] >= _FIRST_HAN
    at = text.find(word)
    if han and at >= 0:
        return at
    folded = _fold(text)
    at = folded.find(word)
    if han or at < 0:
        return at
    border = mark_units(code_points(folded), split_runs)
    while at >= 0 and not (border[at] and border[at + len(word)]):
        at = folded.find(word, at + 1)
    return at


def example_in(text: str, word: str, document: int, split_runs: bool = False) -> Example | None:
    """The first occurrence of ``word`` in a document, with up to 30 characters of its line on each side."""
    at = find_word(text, word, split_runs)
    if at < 0:
        return None
    end = at + len(word)
    begin = max(text.rfind("\n", 0, at) + 1, at - _AROUND)
    stop = text.find("\n", end, end + _AROUND)
    stop = min(len(text), end + _AROUND) if stop < 0 else stop
    return Example(text=text[begin:stop], start=at - begin, end=end - begin, document=document, offset=at)


def find_examples(
    corpus: Corpus, words: Sequence[str], documents: np.ndarray, split_runs: bool = False
) -> list[Example | None]:
    """An example for each word, read again from ``corpus``; ``documents`` says in which document each occurs, (M,)."""
    examples: list[Example | None] = [None] * len(words)
    order = np.argsort(documents, kind="stable")
    at = int(np.searchsorted(documents[order], 0))
    first = 0  # spans before the block, blank ones included, as they are counted in mining
    numbered = 0  # documents before the block, as `enumerate(corpus)` counts them
    for block in corpus.blocks():
        if at == order.size:
            break
        number = np.cumsum(block.filled()) - 1 + numbered
        while at < order.size and (document := int(documents[order[at]])) < first + block.ends.size:
            k = document - first
            start = int(block.ends[k - 1]) + 1 if k else 0
            text = block.text[start : int(block.ends[k])]
            examples[order[at]] = example_in(text, words[order[at]], int(number[k]), split_runs)
            at += 1
        first += block.ends.size
        numbered = int(number[-1]) + 1 if number.size else numbered
    return examples
