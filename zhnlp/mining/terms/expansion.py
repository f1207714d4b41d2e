"""A cluster that grows from seeds through word vectors, and asks more of each step away from them (post 6540).

Breadth-first: a word at depth d takes its nearest neighbours in, at depth d + 1, where the cosine is at least

    s_min + (s_max - s_min)(1 - exp(-α d))

so the threshold rises with distance, and a chain of neighbours cannot drift far from the seeds.  Neighbours are sought
around the word itself, plus the mean of positive centres, less the mean of negative ones.

In the post s_min is 0.6, for vectors of word2vec with 100 numbers; a fixed cosine depends on how vectors were made, so
`similarity_at` finds the cosine that a given share of pairs of words exceeds.  A share of 0.0002 keeps several clusters
apart on the development domains, 0.005 and more let nearly all terms in.

Source: 苏剑林, https://kexue.fm/archives/6540
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zhnlp.mining.terms.vectors import WordVectors, best_places, unit_rows

_BLOCK = 256  # words whose neighbours are sought together


class UnknownWords(UserWarning):
    """Words that were given have no vector, or do not occur, and take no part."""


@dataclass(frozen=True)
class Growth:
    """The words of a grown cluster, in the order in which they were met.

    Attributes:
        words: the words.
        depth: steps from the seeds; 0 for a seed.
        similarity: cosine with the query of its parent; 1 for a seed.
        parent: the word that brought it in; None for a seed.
        cluster: number of the connected part, 0 for the largest; parts are joined where a word of one would have
            brought in a word of the other.
        unknown: seeds without a vector, as given.
    """

    words: list[str]
    depth: list[int]
    similarity: list[float]
    parent: list[str | None]
    cluster: list[int]
    unknown: list[str]

    def __len__(self) -> int:
        return len(self.words)


def threshold(depth: int, min_similarity: float, max_similarity: float, alpha: float) -> float:
    """The least cosine with which a word at ``depth`` takes a neighbour in.

    Example:
        >>> [round(threshold(d, 0.6, 1.0, 0.35), 3) for d in (0, 1, 2)]
        [0.6, 0.718, 0.801]
    """
    return min_similarity + (max_similarity - min_similarity) * (1 - math.exp(-alpha * depth))


def expand(
    vectors: WordVectors,
    seeds: Sequence[str],
    *,
    min_similarity: float = 0.6,
    max_similarity: float = 1.0,
    alpha: float = 0.35,
    neighbours: int = 200,
    positives: Sequence[str] = (),
    negatives: Sequence[str] = (),
) -> Growth:
    """Grow a cluster from seeds.

    Args:
        seeds: words to begin with; those without a vector are warned of and reported.
        min_similarity: cosine that a neighbour of a seed needs (-1 to 1).
        max_similarity: cosine that the threshold tends to (``min_similarity`` to 1).
        alpha: how fast the threshold rises with depth (0 or more).
        neighbours: nearest words of each that are looked at (1 or more).
        positives, negatives: words whose mean is added to, taken from every query.

    Raises:
        ValueError: an argument is out of its range, or no seed has a vector.

    Example:
        >>> rows = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])
        >>> growth = expand(WordVectors(["电网", "电力", "小说"], rows), ["电网"])
        >>> growth.words, growth.depth, growth.parent
        (['电网', '电力'], [0, 1], [None, '电网'])
    """
    from threadpoolctl import threadpool_limits

    if not -1 <= min_similarity <= max_similarity <= 1:
        raise ValueError(
            f"min_similarity={min_similarity}, max_similarity={max_similarity} is not possible: expected "
            "-1 <= min_similarity <= max_similarity <= 1"
        )
    if not alpha >= 0 or neighbours < 1:
        raise ValueError(
            f"alpha={alpha}, neighbours={neighbours} is not possible: expected 0 or more, 1 or more"
        )
    known, unknown = split_known(vectors, seeds, "seeds")
    if not known:
        raise ValueError(
            f"none of the {len(unknown)} seeds has a vector: expected at least one of the {len(vectors):,} units of the "
            "corpus. Next: look at vectors.words, or leave seeds out to have them chosen"
        )
    shift = _center(vectors, positives, "positives") - _center(vectors, negatives, "negatives")
    depth = {vectors.index[word]: 0 for word in known}
    similarity, parent = dict.fromkeys(depth, 1.0), dict.fromkeys(depth, -1)
    union = {place: place for place in depth}
    waiting = list(depth)
    with threadpool_limits(1):  # sums of threads would differ in the last bits
        while waiting:
            block, waiting = waiting[:_BLOCK], waiting[_BLOCK:]
            cosines = unit_rows(vectors.rows[block] + shift) @ vectors.rows.T
            for place, cosine in zip(block, cosines):
                cosine[place] = -np.inf
                least = threshold(depth[place], min_similarity, max_similarity, alpha)
                for near in best_places(cosine, neighbours).tolist():
                    if not cosine[near] >= least:
                        break
                    if near not in depth:
                        depth[near], parent[near] = depth[place] + 1, place
                        similarity[near] = float(cosine[near])
                        union[near] = near
                        waiting.append(near)
                    _join(union, place, near)
    places = list(depth)
    return Growth(
        words=[vectors.words[i] for i in places],
        depth=[depth[i] for i in places],
        similarity=[similarity[i] for i in places],
        parent=[vectors.words[parent[i]] if parent[i] >= 0 else None for i in places],
        cluster=number_by_size([_root(union, i) for i in places]),
        unknown=unknown,
    )


def split_known(vectors: WordVectors, words: Sequence[str], what: str) -> tuple[list[str], list[str]]:
    """Different words with a vector, and those without, in the order given; warns of the latter.

    Raises:
        ValueError: ``words`` is one string.
    """
    if isinstance(words, str):
        raise ValueError(f"{what} got the one string {words[:20]!r}, expected a list: [{words[:20]!r}]")
    words = list(dict.fromkeys(words))
    known = [word for word in words if word in vectors]
    unknown = [word for word in words if word not in vectors]
    if unknown:
        warnings.warn(
            f"{len(unknown)} of {len(words)} {what} have no vector and are left out: {', '.join(unknown[:10])}"
            f"{' …' if len(unknown) > 10 else ''}",
            UnknownWords,
            stacklevel=3,
        )
    return known, unknown


def similarity_at(vectors: WordVectors, share: float, *, seed: int = 0, samples: int = 2000) -> float:
    """The cosine that ``share`` of all pairs of words exceed, from ``samples`` words against all others.

    Args:
        share: 0 to 1.

    Raises:
        ValueError: ``share`` is out of its range, or there are fewer than 2 words.
    """
    from threadpoolctl import threadpool_limits

    if not 0 <= share <= 1 or len(vectors) < 2:
        raise ValueError(
            f"share={share} of the pairs of {len(vectors)} words is not possible: expected 0 to 1, and 2 words or more"
        )
    size = len(vectors)
    chosen = np.sort(np.random.default_rng(seed).permutation(size)[:samples])
    others = np.random.default_rng(seed + 1).permutation(size)[:samples]
    with threadpool_limits(1):  # sums of threads would differ in the last bits
        cosine = vectors.rows[chosen] @ vectors.rows[others].T
    return float(np.quantile(cosine[chosen[:, None] != others[None, :]], 1 - share))


def number_by_size(labels: Sequence[int]) -> list[int]:
    """Labels as numbers by falling size, ties by first appearance.

    Example:
        >>> number_by_size([7, 3, 3, 9])
        [1, 0, 0, 2]
    """
    sizes: dict[int, int] = {}
    for label in labels:
        sizes[label] = sizes.get(label, 0) + 1
    order = sorted(sizes, key=lambda label: -sizes[label])  # stable: first appearance decides ties
    number = {label: i for i, label in enumerate(order)}
    return [number[label] for label in labels]


def _center(vectors: WordVectors, words: Sequence[str], what: str) -> np.ndarray:
    known, _ = split_known(vectors, words, what)
    if not known:
        return np.zeros(vectors.dim)
    return np.mean([vectors[word] for word in known], axis=0, dtype=np.float64)


def _root(union: dict[int, int], place: int) -> int:
    while union[place] != place:
        union[place] = union[union[place]]
        place = union[place]
    return place


def _join(union: dict[int, int], first: int, second: int) -> None:
    first, second = _root(union, first), _root(union, second)
    union[max(first, second)] = min(first, second)
