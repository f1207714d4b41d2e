"""All that is known of the candidate terms of a domain, one column a statistic: what scorers and rules read."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from zhnlp.mining.encode import Symbols
from zhnlp.mining.progress import Progress
from zhnlp.mining.terms.lexicon import Lexicon
from zhnlp.mining.terms.nesting import sum_containers, widest_extensions
from zhnlp.mining.terms.phrases import candidate_phrases, count_phrases, cut_nodes
from zhnlp.mining.terms.reference import ReferenceCounts
from zhnlp.mining.trie import Trie


@dataclass(eq=False)
class TermStatistics:
    """Statistics of M candidates against a reference; every column is an array (M,).

    Attributes:
        total, reference_total: symbols of the domain, of the reference.
        count: occurrences in the domain.
        phrases, document_count: occurrences at which both ends are borders of words, and documents with such a one.
        reference_count: occurrences in the reference; 0 where it has none, or fewer than it counts.
        length: symbols (a Han character, or a Latin run).
        left_entropy, right_entropy: nats, of the neighbours.
        inner_left_entropy: nats, of what stands before the candidate without its first symbol.
        right_extension: count of the most frequent continuation by one symbol to the right.
        absorbed: whether one longer n-gram by a symbol has all its occurrences.
        containers, inside: longer candidates around it, and the sum of their counts (C-value).
        units: words it is cut into; ``first_class``, ``last_class``: `WordClass` of the first and the last one.
        own_class: `WordClass` of the whole; UNLISTED where the dictionary lacks it.
        first_contrast, last_contrast: ln of rate here over rate in the reference, of the first, the last word.
        first_partners, last_partners: candidates of several words that begin, end with the same word.
    """

    total: int
    reference_total: int
    count: np.ndarray
    document_count: np.ndarray
    reference_count: np.ndarray
    length: np.ndarray
    phrases: np.ndarray
    left_entropy: np.ndarray
    right_entropy: np.ndarray
    inner_left_entropy: np.ndarray
    right_extension: np.ndarray
    absorbed: np.ndarray
    containers: np.ndarray
    inside: np.ndarray
    units: np.ndarray
    first_class: np.ndarray
    last_class: np.ndarray
    own_class: np.ndarray
    first_contrast: np.ndarray
    last_contrast: np.ndarray
    first_partners: np.ndarray
    last_partners: np.ndarray

    def __len__(self) -> int:
        return self.count.size

    def of(self, places: np.ndarray) -> TermStatistics:
        """The statistics of some candidates."""
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        return TermStatistics(
            **{name: column[places] if np.ndim(column) else column for name, column in columns.items()}
        )

    @cached_property
    def rate(self) -> np.ndarray:
        """Occurrences per symbol of the domain, (M,) float64."""
        return self.count / max(self.total, 1)

    @cached_property
    def contrast(self) -> np.ndarray:
        """ln of the rate here over the rate in the reference, each count half an occurrence higher, (M,) float64."""
        return log_ratio(self.count, self.total, self.reference_count, self.reference_total)


def log_ratio(count: np.ndarray, total: int, other: np.ndarray, other_total: int) -> np.ndarray:
    """ln of one rate over another, half an occurrence added to both counts so that none is 0."""
    here, there = (count + 0.5) / max(total, 1), (other + 0.5) / max(other_total, 1)
    return np.log(here) - np.log(there)


@dataclass(eq=False)
class TermCandidates:
    """Candidates as nodes of the domain's trie, with their statistics."""

    nodes: np.ndarray  # (M,) int64, rising
    statistics: TermStatistics
    first: np.ndarray  # (M,) int64, number of the first document in which it is a phrase


def find_candidates(
    symbols: Symbols,
    trie: Trie,
    lexicon: Lexicon,
    classes: np.ndarray,
    reference: ReferenceCounts,
    *,
    threads: int = 1,
    progress: Progress | None = None,
) -> TermCandidates:
    """Find the n-grams that can be terms and measure them.

    Args:
        classes: (nodes,) `WordClass` of each node, as the dictionary has it.
        reference: what the domain is compared with.
    """
    phrases = count_phrases(symbols, trie, lexicon, threads=threads, progress=progress)
    nodes = candidate_phrases(trie, phrases.counts)
    found, documents, first = (column[nodes] for column in phrases)
    del phrases  # it has an entry a node: memory counts here
    cuts = cut_nodes(trie, nodes, lexicon, threads=threads)
    ends = cuts.first, cuts.last
    there = reference.count_nodes(trie)
    contrast = [log_ratio(trie.count[end], trie.total, there[end], reference.total) for end in ends]
    there = there[nodes]
    several = cuts.units > 1
    partners = [np.bincount(end[several], minlength=len(trie))[end] for end in ends]
    containers, inside = sum_containers(trie, nodes)
    left, right = widest_extensions(trie)
    count = trie.count[nodes].astype(np.int64)
    statistics = TermStatistics(
        total=trie.total,
        reference_total=reference.total,
        count=count,
        document_count=documents,
        reference_count=there,
        length=trie.depth[nodes],
        phrases=found,
        left_entropy=trie.left_entropy[nodes],
        right_entropy=trie.right_entropy[nodes],
        inner_left_entropy=trie.left_entropy[trie.suffix[nodes]],
        right_extension=right[nodes],
        absorbed=(np.maximum(left, right)[nodes] == count),
        containers=containers.astype(np.int32),
        inside=inside,
        units=cuts.units.astype(np.uint8),
        first_class=classes[cuts.first],
        last_class=classes[cuts.last],
        own_class=classes[nodes],
        first_contrast=contrast[0].astype(np.float32),
        last_contrast=contrast[1].astype(np.float32),
        first_partners=partners[0].astype(np.int32),
        last_partners=partners[1].astype(np.int32),
    )
    return TermCandidates(nodes, statistics, first)
