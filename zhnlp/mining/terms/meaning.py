"""What the vectors of terms are used for: seeds that were given or chosen, clusters, a map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from zhnlp.mining.terms.communities import find_communities
from zhnlp.mining.terms.expansion import Growth, expand, similarity_at, split_known
from zhnlp.mining.terms.map import place_words
from zhnlp.mining.terms.semantic import automatic_seeds, score_meaning
from zhnlp.mining.terms.vectors import WordVectors

COLUMNS = ("similarity", "cluster", "depth", "x", "y")
CLUSTERINGS = ("louvain", "growth")
SEEDS = 140  # terms that a cluster grows from, as many as post 6540 picked by hand
NEAR = 0.0005  # share of all pairs of terms that are near enough for a seed to take another term in
GROUPED = 5000  # terms that communities are made of, best first
MAPPED = 500  # terms that get a place on the map, best first


@dataclass(frozen=True)
class Semantics:
    """Options of the semantic step; see `zhnlp.mining.terms.miner.DomainTermMiner`."""

    seeds: Sequence[str] | None = None
    clustering: str | None = "louvain"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.clustering is not None and self.clustering not in CLUSTERINGS:
            raise ValueError(
                f"clustering={self.clustering!r} is not known: expected {', '.join(map(repr, CLUSTERINGS))} or None"
            )
        if isinstance(self.seeds, str):
            raise ValueError(
                f"seeds={self.seeds!r} is one text: expected a list of terms, such as ['变压器', '断路器']"
            )
        if self.seeds is not None and not (
            len(self.seeds) and all(isinstance(term, str) for term in self.seeds)
        ):
            raise ValueError(f"seeds={self.seeds!r} are no terms: expected one text or more, or None")
        if not isinstance(self.seed, Integral) or not 0 <= self.seed < 2**32:
            raise ValueError(
                f"seed={self.seed!r} is not possible: expected a whole number from 0 to {2**32 - 1}"
            )


def meaning_of_terms(
    terms: Sequence[str], rows: np.ndarray, contrast: np.ndarray, options: Semantics
) -> np.ndarray:
    """How much each term means what the seeds mean, (M,) float64: mean 0, deviation 1."""
    if options.seeds is None:
        return score_meaning(rows, contrast)
    known, _ = split_known(WordVectors(terms, rows), options.seeds, "seeds")
    places = {term: i for i, term in enumerate(terms)}
    if not known:
        raise ValueError(
            f"none of the {len(options.seeds)} seeds is among the {len(terms):,} candidates: expected terms of this corpus. "
            "Next: look at the table that seeds=None gives"
        )
    return score_meaning(rows, contrast, np.array([places[term] for term in known]))


def cluster_terms(
    terms: Sequence[str], rows: np.ndarray, options: Semantics
) -> dict[str, list[float | int | None]]:
    """Clusters of the chosen terms, how far each lies from the seeds, and places of the best on a map.

    Similarity and depth are those of the growing cluster, whose one connected part holds most of what it reaches;
    communities say more about topics, so they number the clusters unless ``clustering`` says otherwise.

    Args:
        terms: M terms, best first.
        rows: (M, D) from `zhnlp.mining.terms.semantic.term_rows`; zeros for a term without a vector.

    Returns:
        The columns similarity, cluster, depth, x and y, M entries each; None where a term has none.
    """
    columns: dict[str, list] = {name: [None] * len(terms) for name in COLUMNS}
    placed = np.flatnonzero(np.abs(rows).max(axis=1, initial=0) > 0)
    if placed.size < 3:
        return columns
    vectors = WordVectors([terms[i] for i in placed], rows[placed])
    growth = grow_cluster(vectors, options)
    where = dict(zip(vectors.words, placed.tolist()))
    for word, similarity, part, depth in zip(growth.words, growth.similarity, growth.cluster, growth.depth):
        place = where[word]
        columns["similarity"][place], columns["depth"][place] = round(similarity, 6), depth
        if options.clustering == "growth":
            columns["cluster"][place] = part
    if options.clustering == "louvain":
        grouped = placed[:GROUPED]
        vectors = WordVectors([terms[i] for i in grouped], rows[grouped])
        for place, label in zip(grouped.tolist(), find_communities(vectors, seed=options.seed).tolist()):
            columns["cluster"][place] = label
    mapped = placed[:MAPPED]
    for place, (x, y) in zip(mapped.tolist(), place_words(rows[mapped], seed=options.seed).tolist()):
        columns["x"][place], columns["y"][place] = x, y
    return columns


def grow_cluster(vectors: WordVectors, options: Semantics) -> Growth:
    """The growing cluster of post 6540 over the terms, from seeds that were given, or from the best terms where none of them is here.

    The threshold rises from a cosine that 1 in 2,000 pairs exceed: a fixed one depends on the size of the vectors.
    """
    seeds = [seed for seed in options.seeds or () if seed in vectors]
    if not seeds:
        seeds = [vectors.words[i] for i in automatic_seeds(-np.arange(len(vectors.words)), SEEDS)]
    least = min(max(similarity_at(vectors, NEAR, seed=options.seed), 0.0), 1.0)
    return expand(vectors, seeds, min_similarity=least)
