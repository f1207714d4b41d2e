"""Cut wherever two adjacent symbols do not attract each other, and count what is left (post 3913).

Source: 苏剑林, https://kexue.fm/archives/3913
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from zhnlp.mining.encode import Symbols
from zhnlp.mining.join import join_segments
from zhnlp.mining.methods.base import Candidates, Method, Verdicts, check_at_least, numeric, word_like
from zhnlp.mining.progress import Progress
from zhnlp.mining.trie import Trie


@dataclass(frozen=True)
class PmiCut(Method):
    """Options of the PMI cut.

    Args:
        min_ratio: cut between a and b where P(ab) / (P(a) P(b)) is smaller; the post uses 1, and 10 for finer cuts.
        min_probability: cut also where ab is rarer than this share of all symbols (post 5476), 0 to 1.
        min_segments: occurrences as a segment that a word needs; None takes min_count.
    """

    name: ClassVar[str] = "pmi-cut"

    min_ratio: float = 1.0
    min_probability: float = 0.0
    min_segments: int | None = None

    def __post_init__(self) -> None:
        if not self.min_ratio > 0:
            raise ValueError(
                f"min_ratio={self.min_ratio} is not possible: expected a ratio above 0, such as 1 or 10"
            )

        check_at_least(self.min_probability, 0, "min_probability")
        check_at_least(self.min_segments, 0, "min_segments")

    def strong_pairs(self, trie: Trie) -> np.ndarray:
        """Which bigrams are not cut, (nodes,) bool."""
        frequent = trie.count >= self.min_probability * trie.total
        return (trie.depth == 2) & frequent & (trie.pmi >= np.log(self.min_ratio))

    def find(self, symbols: Symbols, trie: Trie, *, threads: int, progress: Progress) -> Candidates:
        """Judge every segment that the cuts leave."""
        with progress.stage("cut", symbols.size):
            segments, unlisted = join_segments(
                symbols, trie, self.strong_pairs(trie), order=2, threads=threads, progress=progress
            )
        nodes = np.flatnonzero(segments)
        nodes = nodes[word_like(trie, nodes)]
        verdicts = Verdicts(nodes)
        verdicts.reject(numeric(trie, nodes), "a number and at most its unit")
        needed = trie.min_count if self.min_segments is None else self.min_segments
        verdicts.reject(segments[nodes] < needed, "rarely a segment of its own")
        return verdicts.candidates(segments, unlisted)
