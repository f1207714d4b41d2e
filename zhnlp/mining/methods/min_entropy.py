"""Minimum entropy: cut by first-order gain, count, then drop what its parts say as cheaply (posts 5476 and 5597).

1. Cut between a and b where p_ab < ``min_probability`` or PMI(a, b) < ``min_pmi``: joining them would not lower the
   information per character (PMI > 1 nat is necessary).
2. Count the segments that remain.
3. De-redundancy, longest first: take w out, segment it with the rest by least information; keep it only if
   ln p(w) - Σ ln p(parts) > margin, else its occurrences go to its parts.

Source: 苏剑林, https://kexue.fm/archives/5476, https://kexue.fm/archives/5597
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from zhnlp.mining.alphabet import FIRST_SYMBOL
from zhnlp.mining.encode import Symbols
from zhnlp.mining.methods.base import Candidates, Method, check_at_least
from zhnlp.mining.methods.pmi_cut import PmiCut
from zhnlp.mining.progress import Progress
from zhnlp.mining.segmentation.redundancy import remove_redundant
from zhnlp.mining.trie import Trie

_STRICT = 5.0  # nats


@dataclass(frozen=True)
class MinEntropy(Method):
    """Options of the minimum-entropy method.

    Args:
        min_pmi: least PMI in nats of adjacent symbols (1 is the exact criterion's necessary condition).
        min_probability: least share of a pair, and of a word, among all symbols (post 5597: 1e-7).
        redundancy: "auto" rejects w where the gain is at most its length - 1 nats (5597), "strict" where it is at
            most 5 nats, "off" keeps all.
    """

    name: ClassVar[str] = "min-entropy"

    min_pmi: float = 1.0
    min_probability: float = 1e-7
    redundancy: str = "auto"

    def __post_init__(self) -> None:
        if self.redundancy not in ("auto", "strict", "off"):
            raise ValueError(
                f"redundancy={self.redundancy!r} is not known: expected 'auto', 'strict' or 'off'"
            )

        check_at_least(self.min_pmi, -100, "min_pmi")
        check_at_least(self.min_probability, 0, "min_probability")

    def find(self, symbols: Symbols, trie: Trie, *, threads: int, progress: Progress) -> Candidates:
        """Judge every segment that the cuts leave."""
        cut = PmiCut(min_ratio=float(np.exp(self.min_pmi)), min_probability=self.min_probability)
        found = cut.find(symbols, trie, threads=threads, progress=progress)
        reasons = list(found.reasons)
        rare = found.segments[found.nodes] < self.min_probability * found.segments.sum()
        reasons.append("rarer than min_probability")
        found.reason[(found.reason == 0) & rare] = len(reasons) - 1
        if self.redundancy != "off":
            reasons.append("says no more than its parts")
            found.reason[np.isin(found.nodes, self._redundant(trie, found))] = len(reasons) - 1
        found.reasons = tuple(reasons)
        return found

    def _redundant(self, trie: Trie, found: Candidates) -> np.ndarray:
        kept = found.kept[trie.depth[found.kept] > 1]
        single = np.arange(FIRST_SYMBOL, len(trie.alphabet))
        nodes = np.concatenate([single, kept])
        words = trie.words(nodes)
        counts = dict(zip(words, np.maximum(found.segments[nodes], 0.5).tolist()))
        _, removed = remove_redundant(counts, margin="length" if self.redundancy == "auto" else _STRICT)
        gone = {word.word for word in removed}
        return kept[[word in gone for word in words[single.size :]]]
