"""How much of a document also stands elsewhere: leaks between held-out and training text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from zhnlp.text.characters import code_points

LENGTH = 20  # characters

_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd, bits well mixed
_FILTER_BITS = 24
_BATCH = 1_000_000  # characters hashed together
_APART = "\uffff"  # a noncharacter, between the documents of a batch


def shared_shingles(documents: Sequence[str], corpus: Iterable[str], *, length: int = LENGTH) -> np.ndarray:
    """(N,) share in [0, 1] of each document's shingles that occur anywhere in ``corpus``.

    A shingle is ``length`` characters in a row, white space left out; each place of the document counts. Shingles are
    compared by 64-bit hashes. A document shorter than a shingle has none: 0.

    Args:
        documents: what is asked about; held in memory, 9 bytes a character.
        corpus: run through once, a stream is enough; some 10 million characters a second.
        length: characters of a shingle, 1 or more. At 20, agreement by chance is rare outside formulas and quotations.

    Raises:
        ValueError: ``length`` below 1.
        TypeError: a single string where documents are expected.

    Example:
        >>> shared_shingles(["深度学习很好", "天地玄黄"], ["他说深度学习难"], length=3).tolist()
        [0.5, 0.0]
    """
    if length < 1:
        raise ValueError(f"length={length} is not possible: expected 1 character or more")
    for name, value in (("documents", documents), ("corpus", corpus)):
        if isinstance(value, str):
            raise TypeError(f"got one string as {name}: expected documents. Pass [{name}] for a single one.")
    hashes = [_hashes(_dense(text), length) for text in documents]
    wanted = np.unique(np.concatenate([np.empty(0, np.uint64), *hashes]))
    maybe = np.zeros(1 << _FILTER_BITS, bool)  # most of the corpus is turned away here, without a search
    maybe[_short(wanted)] = True
    found = np.zeros(wanted.size, bool)
    for batch in _batches(corpus):
        there = _hashes(batch, length)
        there = there[maybe[_short(there)]]
        place = np.minimum(np.searchsorted(wanted, there), max(wanted.size - 1, 0))
        if wanted.size:
            found[place[wanted[place] == there]] = True
    return np.array(
        [found[np.searchsorted(wanted, one)].mean() if one.size else 0.0 for one in hashes], np.float64
    )


def _dense(text: str) -> str:
    return "".join(text.split())


def _batches(corpus: Iterable[str]) -> Iterator[str]:
    parts, size = [], 0
    for text in corpus:
        parts.append(_dense(text))
        size += len(parts[-1])
        if size >= _BATCH:
            yield _APART.join(parts)
            parts, size = [], 0
    yield _APART.join(parts)


def _hashes(text: str, length: int) -> np.ndarray:
    """(max(T - length + 1, 0),) uint64: a polynomial of the code points, modulo 2^64."""
    codes = code_points(text).astype(np.uint64)
    size = codes.size - length + 1
    if size < 1:
        return np.empty(0, np.uint64)
    value = np.zeros(size, np.uint64)
    for shift in range(length):
        value *= _FACTOR
        value += codes[shift : shift + size]
    return value


def _short(hashes: np.ndarray) -> np.ndarray:
    return (hashes * _FACTOR) >> np.uint64(64 - _FILTER_BITS)
