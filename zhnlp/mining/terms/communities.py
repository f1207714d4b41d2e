"""Clusters of words without seeds: a graph of nearest neighbours, cut into communities by Louvain.

Source: Blondel et al. 2008, Fast unfolding of communities in large networks
Source: 苏剑林, https://kexue.fm/archives/6540 (clusters of terms)
"""

from __future__ import annotations

import numpy as np

from zhnlp.mining.terms.expansion import number_by_size
from zhnlp.mining.terms.vectors import WordVectors, best_places

_BLOCK = 1024  # words whose neighbours are sought together


def neighbour_pairs(
    vectors: WordVectors, neighbours: int, min_similarity: float
) -> dict[tuple[int, int], float]:
    """(i, j), i < j → cosine, where one is among the nearest ``neighbours`` of the other and the cosine high enough.

    Example:
        >>> vectors = WordVectors(["甲", "乙", "丙"], np.array([[1.0, 0.0], [0.8, 0.6], [-1.0, 0.0]]))
        >>> {pair: round(cosine, 3) for pair, cosine in neighbour_pairs(vectors, 1, 0.5).items()}
        {(0, 1): 0.8}
    """
    from threadpoolctl import threadpool_limits

    pairs: dict[tuple[int, int], float] = {}
    for begin in range(0, len(vectors), _BLOCK):
        with threadpool_limits(1):  # sums of threads would differ in the last bits
            block = vectors.rows[begin : begin + _BLOCK] @ vectors.rows.T
        for i, cosine in enumerate(block, begin):
            cosine[i] = -np.inf
            for j in best_places(cosine, neighbours).tolist():
                if not cosine[j] >= min_similarity:
                    break
                pairs[min(i, j), max(i, j)] = float(cosine[j])
    return pairs


def find_communities(
    vectors: WordVectors,
    *,
    neighbours: int = 10,
    min_similarity: float = 0.3,
    resolution: float = 1.0,
    seed: int = 0,
) -> np.ndarray:
    """The community of each word, (V,) int64, numbered by falling size from 0.

    Args:
        neighbours: nearest words that each is joined to (1 or more).
        min_similarity: least cosine of a join, above 0 and at most 1; it is also the weight.
        resolution: above 1 for more and smaller communities, below for fewer (above 0).
        seed: of the order in which Louvain visits words.

    Raises:
        ValueError: an argument is out of its range.
        ImportError: networkx is missing.
    """
    try:
        import networkx
    except ImportError as error:  # pragma: no cover
        raise ImportError("communities need networkx. Next: pip install networkx") from error
    if neighbours < 1 or not 0 < min_similarity <= 1 or not resolution > 0:
        raise ValueError(
            f"neighbours={neighbours}, min_similarity={min_similarity}, resolution={resolution} is not possible: expected "
            "1 or more, above 0 and at most 1, above 0"
        )
    graph = networkx.Graph()
    graph.add_nodes_from(range(len(vectors)))
    pairs = neighbour_pairs(vectors, neighbours, min_similarity)
    graph.add_weighted_edges_from((i, j, weight) for (i, j), weight in sorted(pairs.items()))
    label = [0] * len(vectors)
    groups = networkx.community.louvain_communities(graph, resolution=resolution, seed=seed)
    for number, group in enumerate(groups):
        for place in group:
            label[place] = number
    return np.array(number_by_size(label), np.int64)
