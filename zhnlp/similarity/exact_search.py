"""The k nearest of many vectors, exactly, in blocks: a fast pass with known error, then float64 for what may be among them.

The last digits of a product of float32 matrices depend on the shape of the block.  So these products only say which vectors
*may* belong to the best; those few are scored again, each by itself, in float64.  A query finds the same alone and in a
batch, whatever the blocks, and equal vectors have equal scores.  int8 codes are read in place of the vectors where they are
given: a quarter of the bytes, and the same result.

N vectors, D dimensions, Q queries, n vectors of a block, H pairs of a query and a vector.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from zhnlp.nn.int8_vectors import Int8Vectors

BLOCK = 8_192  # vectors compared at a time: with 32 queries 1 MB of scores
_QUERIES = 128  # queries compared at a time
_ROUNDING = 2.0**-24  # of float32
_AT_ONCE = 1 << 22  # numbers that are scored again at a time


class Nearest(NamedTuple):
    """The best of each query, the nearest first; of equal scores the lower place first."""

    scores: np.ndarray
    """(Q, k) of float32: inner products in float64, rounded."""
    places: np.ndarray
    """(Q, k) of int64, from 0."""


class Part(NamedTuple):
    """Some of the vectors, one after the other: as numbers, as int8 codes, or as both."""

    vectors: np.ndarray | None
    """(n, D) of float32 or float16, memory-mapped or not; None where there are codes alone."""
    codes: np.ndarray | None = None
    """(n, D) of int8, as `zhnlp.nn.int8_vectors.compress` makes them."""
    scales: np.ndarray | None = None
    """(n,) of float32."""

    @property
    def shape(self) -> tuple[int, int]:
        """(n, D)."""
        return (self.codes if self.vectors is None else self.vectors).shape

    def cut(self, begin: int, end: int) -> Part:
        """The vectors from ``begin`` up to ``end``, over the same memory."""
        return Part(*(None if array is None else array[begin:end] for array in self))

    def exact(self, rows: np.ndarray) -> np.ndarray:
        """(len(rows), D) in float64: the vectors, or what the codes stand for."""
        if self.vectors is not None:
            return self.vectors[rows].astype(np.float64)
        return self.codes[rows] * self.scales[rows].astype(np.float64)[:, None]


def exact_search(
    queries: np.ndarray,
    vectors: np.ndarray | Tensor | Int8Vectors | Sequence[Part],
    k: int = 10,
    *,
    keep: np.ndarray | None = None,
    block: int = BLOCK,
) -> Nearest:
    """The k vectors with the largest inner product with each query: cosines, where all have length 1.

    Args:
        queries: (Q, D) of finite numbers; 32 together cost little more than one.
        vectors: (N, D) of length 1 at most, in float32 or float16; `Int8Vectors`; or parts, for vectors that lie in several
            arrays, or as floats on disk with int8 codes in memory.
        k: results a query, 1 or more; all there are where they are fewer.
        keep: (N,) of bools; False for vectors that must not be found.
        block: vectors that are compared at a time; some 4 · block · (D + 3 Q) bytes are taken, of at most 128 queries.

    Raises:
        ValueError: the shapes do not fit, a query has NaN, k or block is below 1, or a vector is longer than 1.

    Example:
        >>> vectors = np.array([[1, 0], [0.6, 0.8], [0, 1], [0.6, 0.8]], np.float32)
        >>> found = exact_search(np.array([[0.0, 1.0]]), vectors, k=3)
        >>> found.places, found.scores
        (array([[2, 1, 3]]), array([[1. , 0.8, 0.8]], dtype=float32))
    """
    parts = as_parts(vectors)
    asked = np.asarray(queries, dtype=np.float64)
    _check(asked, parts, k, keep, block)
    found = [_search(asked[q : q + _QUERIES], parts, k, keep, block) for q in range(0, len(asked), _QUERIES)]
    if not found:
        found = [_nothing(0)]
    return Nearest(*(np.concatenate(arrays) for arrays in zip(*found)))


def as_parts(vectors: np.ndarray | Tensor | Int8Vectors | Sequence[Part]) -> list[Part]:
    """What `exact_search` takes, as parts over the same memory."""
    if isinstance(vectors, Int8Vectors):
        return [Part(None, vectors.codes.numpy(), vectors.scales.numpy())]
    if isinstance(vectors, Tensor):
        vectors = vectors.detach().cpu().numpy()
    return [Part(vectors)] if isinstance(vectors, np.ndarray) else list(vectors)


def upper_bounds(queries: Tensor, part: Part) -> tuple[Tensor, Tensor]:
    """What each inner product is at most, (Q, n), and how far it may lie below that, (Q, n) or (Q, 1); in float32.

    Rounding: a sum of D products, in any order, is off by D · 2⁻²⁴ of the sum of their absolute values at most, which is at
    most the product of the lengths.  int8: off by half a step for each number of the query, as `Int8Vectors.bound` says.

    Example:
        >>> vectors = np.array([[0.6, 0.8], [1.0, 0.0]], np.float32)
        >>> upper, reach = upper_bounds(torch.tensor([[0.0, 1.0]]), Part(vectors))
        >>> upper.round(decimals=4), bool((reach < 1e-5).all())
        (tensor([[0.8000, 0.0000]]), True)
    """
    slack = 2 * (queries.size(1) + 8) * _ROUNDING * queries.norm(dim=1, keepdim=True)  # (Q, 1)
    if part.codes is None:
        return torch.addmm(slack, queries, _tensor(part.vectors).float().T), 2 * slack
    scales, codes = _tensor(part.scales), _tensor(part.codes).float()  # (n,), (n, D)
    if part.vectors is None:
        return (queries @ codes.T).mul_(scales).add_(slack), 2 * slack
    half = queries.abs().sum(1, keepdim=True) * (0.5 + 1e-5)  # (Q, 1), in steps
    return torch.addmm(half, queries, codes.T).mul_(scales).add_(slack), 2 * (half * scales + slack)


def _search(asked: np.ndarray, parts: Sequence[Part], k: int, keep: np.ndarray | None, block: int) -> Nearest:
    best, place, queries = _nothing(len(asked)), 0, torch.from_numpy(asked).float()
    for part in parts:
        for begin in range(0, part.shape[0], block):
            cut = part.cut(begin, begin + block)
            kept = None if keep is None else keep[place : place + cut.shape[0]]
            if kept is None or kept.any():
                query, row, scores = _candidates(asked, queries, cut, kept, k, best)
                best = _merged(best, query, scores, row + place, k)
            place += cut.shape[0]
    return best


def _candidates(
    asked: np.ndarray, queries: Tensor, part: Part, keep: np.ndarray | None, k: int, best: Nearest
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Query, row and score (H,) of all in one block that may be better than ``best``, and of some that are not."""
    upper, reach = upper_bounds(queries, part)
    if keep is not None:
        upper[:, torch.from_numpy(~keep)] = -torch.inf
    bounds, floor = (
        upper.numpy(),
        np.full((len(upper), 1), -np.inf, np.float32),
    )  # numpy compares and counts quicker
    if best.scores.shape[1] == k:
        floor = best.scores[:, -1:]
        if not bool((upper.amax(1).numpy() > floor[:, 0]).any()):
            return np.empty(0, int), np.empty(0, int), np.empty(0, np.float32)
    may = bounds > floor
    if np.count_nonzero(may) > 4 * k * len(may) and may.shape[1] >= k:
        least = (upper - reach).topk(k, dim=1).values[:, -1:].numpy()  # k of the block are as good as that
        may = bounds > np.maximum(floor, np.nextafter(least, np.float32(-np.inf)))
    query, row = np.divmod(np.flatnonzero(may), may.shape[1])
    highest, reach = bounds[query, row], reach.expand_as(upper).numpy()[query, row]
    scores = _scored(asked, part, query, row)
    wrong = (scores > highest) | (scores < highest - reach)
    if wrong.any():
        far = wrong.argmax()
        length = np.linalg.norm(part.exact(row[far : far + 1]))
        raise ValueError(
            f"a score is {scores[far]:g} in float64, outside of {highest[far] - reach[far]:g} to {highest[far]:g}, where a matrix product "
            f"has it; the vector has length {length:g}: expected vectors of length 1 and products in full float32. Next: divide "
            "the vectors by their length, or torch.set_float32_matmul_precision('highest')"
        )
    return query, row, scores


def _scored(asked: np.ndarray, part: Part, query: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Inner products (H,), summed in float64 and rounded to float32."""
    scores, step = np.empty(len(query), np.float32), max(1, _AT_ONCE // asked.shape[1])
    for begin in range(0, len(query), step):
        some = slice(begin, begin + step)
        scores[some] = (part.exact(row[some]) * asked[query[some]]).sum(1)
    return scores


def _merged(best: Nearest, query: np.ndarray, scores: np.ndarray, places: np.ndarray, k: int) -> Nearest:
    """The k best of each query, of ``best`` and of what was found."""
    if not len(query):
        return best
    count, held = best.scores.shape
    query = np.concatenate([np.arange(count).repeat(held), query])
    scores = np.concatenate([best.scores.ravel(), scores])
    places = np.concatenate([best.places.ravel(), places])
    order = np.lexsort((places, -scores, query))
    begins = np.searchsorted(query[order], np.arange(count))
    order = order[np.arange(len(order)) - begins[query[order]] < k]
    return Nearest(scores[order].reshape(count, -1), places[order].reshape(count, -1))


def _nothing(queries: int) -> Nearest:
    return Nearest(np.empty((queries, 0), np.float32), np.empty((queries, 0), np.int64))


def _tensor(array: np.ndarray) -> Tensor:
    """A tensor over the same memory, also where that may not be written to: it is only read here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writ", UserWarning)
        return torch.from_numpy(array)


def _check(asked: np.ndarray, parts: Sequence[Part], k: int, keep: np.ndarray | None, block: int) -> None:
    widths = sorted({part.shape[1] for part in parts})
    total = sum(part.shape[0] for part in parts)
    if asked.ndim != 2 or any(width != asked.shape[1] for width in widths):
        raise ValueError(
            f"got queries {asked.shape} and vectors of {' and '.join(map(str, widths))} dimensions: expected (Q, D) and (N, D) of "
            "the same D. Another encoder made the vectors; next: encode both with the same one"
        )
    if not np.isfinite(asked).all():
        bad = int(np.flatnonzero(~np.isfinite(asked).all(1))[0])
        raise ValueError(
            f"query {bad} (counted from 0) has NaN or infinite numbers: expected finite ones. Next: encode in float32"
        )
    for name, value in (("k", k), ("block", block)):
        if isinstance(value, bool) or value != int(value) or value < 1:
            raise ValueError(f"got {name}={value!r}: expected a whole number of 1 or more")
    if keep is not None and (keep.shape != (total,) or keep.dtype != bool):
        raise ValueError(f"got keep {keep.shape} of {keep.dtype}: expected one bool a vector, ({total},)")
