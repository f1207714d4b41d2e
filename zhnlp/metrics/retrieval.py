"""Search in a pool of groups that mean the same: hit@k and mean reciprocal rank, every text a query against all others.

Q queries, N texts of the pool, D dimensions.

Source: 苏剑林, https://kexue.fm/archives/5743
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def evaluate_retrieval(
    vectors: Any,
    groups: Sequence[Any],
    *,
    queries: Any = None,
    query_groups: Sequence[Any] | None = None,
    hits: Sequence[int] = (1, 5, 10),
    block: int = 1024,
) -> dict:
    """Score vectors by cosine: is one of the k nearest texts of the query's group?

    A query that stands in the pool is left out by its place, not by its text or its score, so a second entry of the same
    text is a result like any other.  Of a group's several right ones the nearest counts.  Wrong ones with exactly the score
    of the right one stand before it, so vectors that are all the same score near 0.

    Args:
        vectors: (N, D) of the pool, an array or a tensor on the CPU.
        groups: (N,) group of each, str or int.
        queries: (Q, D) that do not stand in the pool; None for the pool itself, each against all others.
        query_groups: (Q,), given with ``queries`` alone.
        hits: the k of hit@k, 1 or more each.
        block: queries that are compared at a time; memory is 4 · block · N bytes.

    Returns:
        ``primary_metric``, the first of the hits (``"hit@1"``); ``hit@k`` for each k and ``mrr``, means in [0, 1] over queries
        that have a right one; ``queries``, their number; ``unanswerable``, queries without one; ``pool``.

    Raises:
        ValueError: the shapes do not fit, a vector has NaN, nothing can be found, or an option is out of range.

    Example:
        >>> pool = np.array([[1, 0], [0.6, 0.8], [0, 1], [0.7, 0.7]], float)
        >>> score = evaluate_retrieval(pool, ["a", "a", "b", "b"], hits=(1, 2))
        >>> score["hit@1"], score["hit@2"], round(score["mrr"], 4)  # the right ones come 2nd, 3rd, 2nd and 3rd
        (0.0, 0.5, 0.4167)
    """
    pool = _unit(vectors, "vectors")
    if (queries is None) != (query_groups is None):
        raise ValueError("got one of queries and query_groups: expected both, or none for the pool itself")
    asked = pool if queries is None else _unit(queries, "queries")
    names = [list(groups), list(groups if query_groups is None else query_groups)]
    if len(names[0]) != len(pool) or len(names[1]) != len(asked) or asked.shape[1] != pool.shape[1]:
        raise ValueError(
            f"got vectors {pool.shape} with {len(names[0])} groups, queries {asked.shape} with {len(names[1])}: "
            "expected a group each, and vectors of the same width"
        )
    if block < 1:
        raise ValueError(f"got block={block!r}: expected 1 or more")
    numbers: dict[Any, int] = {}
    of_pool, of_query = (
        np.array([numbers.setdefault(name, len(numbers)) for name in row], int) for row in names
    )
    ranks = []
    for begin in range(0, len(asked), block):
        rows = slice(begin, begin + block)
        right = of_query[rows, None] == of_pool
        own = np.arange(len(asked))[rows] if queries is None else None
        ranks.append(right_ranks(asked[rows] @ pool.T, right, own))
    return {**evaluate_ranks(np.concatenate(ranks), hits=hits), "pool": len(pool)}


def right_ranks(scores: np.ndarray, right: np.ndarray, own: np.ndarray | None = None) -> np.ndarray:
    """The rank of the best right one of each query, from 1; 0 where there is none.

    Args:
        scores: (Q, N), the higher the nearer.
        right: (Q, N) of bools.
        own: (Q,) column in which the query itself stands, left out; None where it stands in none.

    Raises:
        ValueError: the shapes do not fit, or a score is NaN.

    Example:
        >>> right_ranks(np.array([[9.0, 5.0, 7.0, 5.0]]), np.array([[True, True, False, False]]), own=np.array([0]))
        array([3])
    """
    scores, right = np.asarray(scores), np.array(right, dtype=bool)
    if scores.ndim != 2 or scores.shape != right.shape or (own is not None and len(own) != len(scores)):
        raise ValueError(
            f"got scores {scores.shape}, right {right.shape} and {'no' if own is None else len(own)} own columns: "
            "expected (Q, N), (Q, N) and (Q,)"
        )
    if np.isnan(scores).any():
        raise ValueError("a score is NaN: expected numbers. Next: look for texts whose vectors have NaN")
    wrong = ~right
    if own is not None:
        right[np.arange(len(right)), own] = wrong[np.arange(len(right)), own] = False
    best = np.where(right, scores, -np.inf).max(1, initial=-np.inf)
    ahead = (wrong & (scores >= best[:, None])).sum(1)
    return np.where(right.any(1), 1 + ahead, 0)


def evaluate_ranks(ranks: Sequence[int], *, hits: Sequence[int] = (1, 5, 10)) -> dict:
    """hit@k and mean reciprocal rank of the ranks that `right_ranks` gives, whatever made the scores.

    Args:
        ranks: (Q,) from 1; 0 for a query that has no right one, which is counted and left out.
        hits: the k of hit@k.

    Raises:
        ValueError: no query has a right one, a rank is below 0, or a k below 1.

    Example:
        >>> evaluate_ranks([1, 2, 0], hits=[1])
        {'primary_metric': 'hit@1', 'hit@1': 0.5, 'mrr': 0.75, 'queries': 2, 'unanswerable': 1}
    """
    ranks = np.asarray(ranks, int)
    if not len(hits) or min(hits) < 1:
        raise ValueError(f"got hits={tuple(hits)}: expected whole numbers of 1 or more, at least one")
    if (ranks < 0).any():
        raise ValueError(f"got the rank {ranks.min()}: expected 1 or more, or 0 for no right one")
    found = ranks[ranks > 0]
    if not len(found):
        raise ValueError(
            f"none of {len(ranks)} queries has a right one: expected groups of two texts or more. Each group may be written "
            "in its own way; next: look at how often each occurs"
        )
    return {
        "primary_metric": f"hit@{hits[0]}",
        **{f"hit@{k}": float((found <= k).mean()) for k in hits},
        "mrr": float((1 / found).mean()),
        "queries": len(found),
        "unanswerable": int(len(ranks) - len(found)),
    }


def _unit(vectors: Any, name: str) -> np.ndarray:
    rows = np.asarray(vectors)
    rows = rows.astype(np.promote_types(rows.dtype, np.float32), copy=False)
    if rows.ndim != 2:
        raise ValueError(f"{name} have the shape {rows.shape}: expected one vector a text")
    if not np.isfinite(rows).all():
        bad = int(np.flatnonzero(~np.isfinite(rows).all(1))[0])
        raise ValueError(
            f"vector {bad} (counted from 0) of {name} has NaN or infinite numbers: expected finite ones. "
            "Next: encode in float32"
        )
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(length > 0, length, 1)
