"""Full-width spellings of terms (５Ｇ基站 for 5G基站): counted as one with the usual ones, so found in the text itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from zhnlp.mining.encoder import MAX_RUN
from zhnlp.mining.runs import DIGIT, LETTER, character_classes, run_end
from zhnlp.mining.segmentation.units import mark_units
from zhnlp.text import code_points, fold_characters
from zhnlp.text.blocks import Block

_ZERO, _LAST = 0xFF10, 0xFF5A  # ０ to ｚ
_ASCII = re.compile("[A-Za-z0-9]")  # what has a full-width form
_AROUND = MAX_RUN + 2  # characters beside a spelling that may belong to a run at its end

Index = dict[str, list[tuple[int, int]]]


def width_variants(
    blocks: Iterable[Block], terms: Sequence[str], split_runs: bool = False
) -> list[list[str]]:
    """For each of ``terms``: its spellings with full-width letters and digits, the most frequent first, ties by text.

    Args:
        blocks: the corpus, read again.
        terms: as the table has them, in usual width.
        split_runs: runs are cut where letters meet digits, as with ``runs="token"``.

    Example:
        >>> from zhnlp.text import Corpus
        >>> corpus = Corpus.from_texts(["建设５Ｇ基站", "１５Ｇ基站和5G基站"])
        >>> width_variants(corpus.blocks(), ["5G基站", "基站"])
        [['５Ｇ基站'], []]
    """
    return by_term(count_spellings(blocks, terms, split_runs), len(terms))


def by_term(counts: Counter[tuple[int, str]], size: int) -> list[list[str]]:
    """The spellings of each of ``size`` terms from what `count_spellings` gives."""
    variants: list[list[str]] = [[] for _ in range(size)]
    for (term, text), _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        variants[term].append(text)
    return variants


def count_spellings(
    blocks: Iterable[Block], terms: Sequence[str], split_runs: bool = False
) -> Counter[tuple[int, str]]:
    """How often each full-width spelling occurs: (place among ``terms``, spelling) -> count; parts of a corpus add up."""
    counts: Counter[tuple[int, str]] = Counter()
    index = _index_runs(terms, split_runs)
    if not index:
        return counts
    for block in blocks:
        text = block.text
        places = {
            (term, start + offset - before)
            for start, end in _wide_runs(text)
            for unit, offset in _runs(fold_characters(text[start:end]), split_runs)
            for term, before in index.get(unit, ())
        }
        for term, begin in places:
            end = begin + len(terms[term])
            if begin >= 0 and _is_spelling(text, begin, end, terms[term], split_runs):
                counts[term, text[begin:end]] += 1
    return counts


def _is_spelling(text: str, begin: int, end: int, term: str, split_runs: bool) -> bool:
    """Whether ``text[begin:end]`` is ``term`` in another width and is cut out of no run."""
    if text[begin:end] == term or fold_characters(text[begin:end]) != term:
        return False
    first = max(begin - _AROUND, 0)
    border = mark_units(code_points(fold_characters(text[first : end + _AROUND])), split_runs)
    return bool(border[begin - first] and border[end - first])


def _index_runs(terms: Sequence[str], split_runs: bool) -> Index:
    """Run of letters and digits -> the terms with it, and where in them."""
    index: Index = {}
    for place, term in enumerate(terms):
        if _ASCII.search(term):
            for unit, offset in _runs(term, split_runs):
                index.setdefault(unit, []).append((place, offset))
    return index


def _runs(text: str, split_runs: bool) -> Iterator[tuple[str, int]]:
    """The runs of letters and digits, and where they begin."""
    points = code_points(text)
    begins_run = np.isin(character_classes()[points], (LETTER, DIGIT))
    for begin, end in pairwise(np.flatnonzero(mark_units(points, split_runs)).tolist()):
        if begins_run[begin]:
            yield text[begin:end], begin


def _wide_runs(text: str) -> Iterator[tuple[int, int]]:
    """Begin and end of each run with a full-width letter or digit."""
    points, classes = code_points(text), character_classes()
    places = np.flatnonzero(points - np.uint32(_ZERO) <= _LAST - _ZERO)
    kinds = classes[points[places]]
    end = 0
    for place in places[(kinds == LETTER) | (kinds == DIGIT)].tolist():
        if place < end:
            continue
        begin = place
        while begin > end and classes[points[begin - 1]] >= LETTER:
            begin -= 1
        while end <= place:  # marks and shorter runs may stand before the one around ``place``
            while not LETTER <= classes[points[begin]] <= DIGIT:
                begin += 1
            end = run_end(points, begin, classes)
            if end <= place:
                begin = end
        yield begin, end
