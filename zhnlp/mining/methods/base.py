"""What a discovery method is, and what it returns."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from zhnlp.mining.encode import Symbols
from zhnlp.mining.progress import Progress
from zhnlp.mining.trie import Trie

KEPT = "kept"


@dataclass(eq=False)
class Candidates:
    """Nodes that a method looked at: which it kept, why it rejected the others, how it cut the corpus.

    ``segments`` is (nodes,) int64, how often each node stands alone in the method's segmentation, or None where the
    method does not segment; ``unlisted`` counts the segments that are no node (too rare or too long).
    """

    nodes: np.ndarray  # (M,) int64, rising
    reason: np.ndarray  # (M,) uint8, an index into ``reasons``; 0 = kept
    reasons: tuple[str, ...]
    segments: np.ndarray | None = None
    unlisted: int = 0

    @property
    def kept(self) -> np.ndarray:
        """Nodes that are words."""
        return self.nodes[self.reason == 0]

    def summary(self) -> dict[str, int]:
        """How many candidates were kept, and rejected for each reason."""
        tally = Counter(self.reason.tolist())
        return {name: tally[i] for i, name in enumerate(self.reasons) if tally[i]}


class Verdicts:
    """Collects reasons over a set of candidate nodes; the first reason that applies stays."""

    def __init__(self, nodes: np.ndarray):
        self.nodes = np.asarray(nodes, np.int64)
        self.reason = np.zeros(self.nodes.size, np.uint8)
        self.reasons = [KEPT]

    def reject(self, which: np.ndarray, why: str) -> None:
        """Reject the candidates where ``which``, (M,) bool, holds, unless they are rejected already."""
        if why not in self.reasons:
            self.reasons.append(why)
        self.reason[which & (self.reason == 0)] = self.reasons.index(why)

    def candidates(self, segments: np.ndarray | None = None, unlisted: int = 0) -> Candidates:
        """The outcome."""
        return Candidates(self.nodes, self.reason, tuple(self.reasons), segments, unlisted)


class Method:
    """A discovery algorithm with its options (a frozen dataclass)."""

    name: ClassVar[str]
    min_score: ClassVar[float | None] = None  # the default cut on the score, None = no cut

    def find(self, symbols: Symbols, trie: Trie, *, threads: int, progress: Progress) -> Candidates:
        """Judge the n-grams of ``trie``."""
        raise TypeError(f"{type(self).__name__} is not a method: it has no find()")


def check_at_least(value: float | None, least: float, name: str) -> None:
    """Refuse an option that is no finite number of ``least`` or more; None is left to the method."""
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value < math.inf:
        raise ValueError(f"{name}={value!r} is not possible: expected a number of at least {least:g}")


def scale(total: int) -> float:
    """What PMI thresholds, which are stated for 10 million symbols, are multiplied with: ln T / ln 10^7, at most 1.

    The PMI of a word that is met c times cannot exceed ln(T / c), so a short text reaches none of the thresholds that
    suit a long one.
    """
    return min(1.0, float(np.log(max(total, 2)) / np.log(1e7)))


def word_like(trie: Trie, nodes: np.ndarray) -> np.ndarray:
    """Whether an n-gram can be a word at all: two symbols or more, or a run with a Latin letter, (M,) bool."""
    alphabet = trie.alphabet
    atoms = (alphabet.lengths > 1) & ~alphabet.is_number
    result = trie.depth[nodes] > 1
    single = ~result
    result[single] = atoms[nodes[single]]
    return result


def numeric(trie: Trie, nodes: np.ndarray) -> np.ndarray:
    """Whether an n-gram holds a number and at most one other symbol (2024年, 3个), (M,) bool."""
    paths = trie.paths(nodes)
    numbers = trie.alphabet.is_number[paths].sum(axis=1)
    return (numbers > 0) & (trie.depth[nodes] - numbers <= 1)
