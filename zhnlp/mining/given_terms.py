"""How often given terms occur in a corpus, as plain substrings: a trie of the terms walked from every character."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from zhnlp.mining.jit import compiled
from zhnlp.text import Corpus
from zhnlp.text.width import width_table

_POINT_BITS = 21  # a code point is below 2^21; above it an edge's key holds the node it leaves from
_FREE = -1


@compiled
def _slot(keys, key):
    """Where ``key`` stands in a table of open addressing, or the free place where it would."""
    mask = np.uint64(keys.size - 1)
    value = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    slot = np.int64((value >> np.uint64(29)) & mask)
    while keys[slot] != _FREE and keys[slot] != key:
        slot = np.int64((np.uint64(slot) + np.uint64(1)) & mask)
    return slot


@compiled
def _plant(points, ends, keys, targets, ending):
    """Grow the trie of all terms; ``ending[node]`` becomes the term that ends there.  Node 0 is the root."""
    nodes = 1
    begin = 0
    for term in range(ends.size):
        node = 0
        for i in range(begin, ends[term]):
            key = (np.int64(node) << _POINT_BITS) | np.int64(points[i])
            slot = _slot(keys, key)
            if keys[slot] == _FREE:
                keys[slot] = key
                targets[slot] = nodes
                nodes += 1
            node = targets[slot]
        ending[node] = term
        begin = ends[term]


@compiled
def _count(points, fold, begins_term, keys, targets, ending, counts):
    """Add the occurrences inside ``points``; overlapping ones count."""
    for i in range(points.size):
        if not begins_term[points[i]]:
            continue
        node = 0
        for j in range(i, points.size):
            slot = _slot(keys, (np.int64(node) << _POINT_BITS) | np.int64(fold[points[j]]))
            if keys[slot] == _FREE:
                break
            node = targets[slot]
            if ending[node] >= 0:
                counts[ending[node]] += 1


def fold_term(term: str) -> str:
    """A term with full-width letters, digits and signs folded, as they are in the corpus that is counted.

    Example:
        >>> fold_term("５Ｇ基站")
        '5G基站'
    """
    fold = width_table()
    return "".join(chr(fold[ord(character)]) for character in term)


def count_terms(source: Any, terms: Iterable[str], **reading: Any) -> dict[str, int]:
    """Count given terms in a corpus, wherever their characters stand: inside longer words too, overlapping ones too.

    Width is folded on both sides, nothing else is.  An occurrence never reaches over the end of a document.

    Args:
        source: whatever `Corpus.of` takes: texts, Paths, a Corpus …
        terms: what to count; repeats are one term.
        **reading: options of `Corpus.of`.

    Returns:
        The occurrences of every term, by the term as it was given, in its order.

    Raises:
        TypeError: ``terms`` is one string.
        ValueError: a term is empty or holds a line break.

    Example:
        >>> count_terms(["主变压器和变压器", "变压"], ["变压器", "变压", "断路器"])
        {'变压器': 2, '变压': 3, '断路器': 0}
    """
    if isinstance(terms, str):
        raise TypeError(
            f"got one string as terms: expected a collection of terms. Next: pass [{terms[:20]!r}]"
        )
    given = {term: fold_term(term) for term in terms}
    for term in given:
        if not term or "\n" in term:
            raise ValueError(f"got the term {term!r}: expected at least one character and no line break")
    folded = list(dict.fromkeys(given.values()))
    counts = np.zeros(len(folded), np.int64)
    points = _points("".join(folded))
    ends = np.cumsum(np.array([len(term) for term in folded], np.int64))
    keys = np.full(1 << (2 * points.size + 2).bit_length(), _FREE, np.int64)
    targets = np.zeros(keys.size, np.int32)
    ending = np.full(points.size + 1, -1, np.int32)
    _plant(points, ends, keys, targets, ending)
    fold = width_table()
    firsts = np.zeros(fold.size, np.bool_)
    firsts[points[np.concatenate([[0], ends[:-1]])] if folded else points] = True
    begins_term = firsts[fold]
    for block in Corpus.of(source, **reading).blocks():
        _count(_points(block.text), fold, begins_term, keys, targets, ending, counts)
    found = dict(zip(folded, counts.tolist()))
    return {term: found[form] for term, form in given.items()}


def _points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
