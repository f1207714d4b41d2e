"""N-gram solidity with longest join and backtracking (posts 4256 and 6920); the default method.

1. Strong fragments: n-grams of 2 to ``order`` symbols whose least PMI over all splits reaches the threshold of
   their length.  Counts are true counts, not sums over surviving 4-grams as in the published reader.
2. Join: no cut between two symbols that a strong fragment covers both.
3. Backtrack: a joined segment longer than ``order`` stays only if every window of ``order`` symbols is strong.

Candidates are the strong fragments and the joined segments.  One whose every occurrence lies inside one longer
n-gram is no word of its own.

Source: 苏剑林, https://kexue.fm/archives/4256, https://kexue.fm/archives/6920
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from zhnlp.mining.encode import Symbols
from zhnlp.mining.jit import compiled
from zhnlp.mining.join import join_segments
from zhnlp.mining.methods.base import Candidates, Method, Verdicts, check_at_least, numeric, scale, word_like
from zhnlp.mining.progress import Progress
from zhnlp.mining.score import absorbed_nodes
from zhnlp.mining.trie import Trie

_MIN_PMI = (1.0, 4.0, 7.0)  # nats, for fragments of 2, 3, 4 and more symbols of 10 million
# Of ln(T / c), the PMI of an n-gram whose parts are never met apart: whoever comes so near is strong anyway.
_NEARLY_ALL = 0.75


@compiled
def _windows_strong(nodes, depth, parent, suffix, strong, order):
    """Whether every window of ``order`` symbols of each node is strong; shorter nodes: whether they are."""
    result = np.zeros(nodes.size, np.bool_)
    for i in range(nodes.size):
        node = np.int64(nodes[i])
        good = True
        while good:
            window = node
            while depth[window] > order:
                window = parent[window]
            good = strong[window]
            if depth[node] <= order:
                break
            node = suffix[node]
        result[i] = good
    return result


@dataclass(frozen=True)
class Ngram(Method):
    """Options of the default method.

    Args:
        order: longest strong fragment, in symbols (2-8).
        min_pmi: least PMI in nats of fragments of 2, 3, 4 … symbols, the last one serving all longer ones; a number
            serves all.  None takes 1, 4 and 7, made for 10 million symbols: they shrink with the logarithm of the
            size in smaller corpora, and an n-gram within a quarter of the PMI's ceiling ln(T / c) passes anyway.
        backtrack: reject longer segments with a weak window; without it they are listed too.
        min_segments: occurrences as a segment below which a candidate is rejected (6920 asks for min_count).
    """

    name: ClassVar[str] = "ngram"
    min_score: ClassVar[float | None] = 0.0

    order: int = 4
    min_pmi: tuple[float, ...] | float | None = None
    backtrack: bool = True
    min_segments: int = 0

    def __post_init__(self) -> None:
        if not 2 <= self.order <= 8:
            raise ValueError(f"order={self.order} is not possible: expected 2 to 8 symbols")
        check_at_least(self.min_segments, 0, "min_segments")
        for value in self._given() or ():
            check_at_least(value, -100, "min_pmi")
        if self._given() == ():
            raise ValueError(
                "min_pmi is empty: expected a threshold in nats for 2 symbols, and more for longer ones"
            )

    def _given(self) -> tuple[float, ...] | None:
        return (self.min_pmi,) if isinstance(self.min_pmi, (int, float)) else self.min_pmi

    def thresholds(self, total: int) -> np.ndarray:
        """Least PMI by length in symbols, (13,) nats, for a corpus of ``total`` symbols."""
        given = self._given()
        chosen = [0.0, 0.0, *(_MIN_PMI if given is None else given)]
        chosen += [chosen[-1]] * (13 - len(chosen))
        return np.array(chosen[:13]) * (scale(total) if given is None else 1.0)

    def strong_fragments(self, trie: Trie) -> np.ndarray:
        """Which nodes pass the threshold of their length, (nodes,) bool."""
        inside = np.flatnonzero((trie.depth >= 2) & (trie.depth <= min(self.order, trie.max_length)))
        bound = self.thresholds(trie.total)[trie.depth[inside]]
        if self.min_pmi is None:
            most = np.log(max(trie.total, 2) / trie.count[inside].astype(np.float64))
            bound = np.minimum(bound, _NEARLY_ALL * most)
        strong = np.zeros(len(trie), np.bool_)
        strong[inside] = trie.pmi[inside] >= bound
        return strong

    def find(self, symbols: Symbols, trie: Trie, *, threads: int, progress: Progress) -> Candidates:
        """Judge strong fragments, joined segments and runs of Latin letters."""
        strong = self.strong_fragments(trie)
        order = min(self.order, trie.max_length)
        with progress.stage("join", symbols.size):
            segments, unlisted = join_segments(
                symbols,
                trie,
                strong,
                order=max(order, 2),
                every=not self.backtrack,
                threads=threads,
                progress=progress,
            )
        nodes = np.flatnonzero((strong | (segments > 0)) & (trie.count >= trie.min_count))
        nodes = nodes[word_like(trie, nodes)]
        verdicts = Verdicts(nodes)
        verdicts.reject(numeric(trie, nodes), "a number and at most its unit")
        if self.backtrack:
            weak = ~_windows_strong(nodes, trie.depth, trie.parent, trie.suffix, strong, order)
            verdicts.reject(weak & (trie.depth[nodes] > 1), "a window is weak")
        verdicts.reject(segments[nodes] < self.min_segments, "rarely a segment of its own")
        verdicts.reject(absorbed_nodes(trie)[nodes], "always part of one longer n-gram")
        return verdicts.candidates(segments, unlisted)
