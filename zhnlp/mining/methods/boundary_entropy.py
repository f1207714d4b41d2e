"""Frequency, solidity and boundary entropy, without segmentation (post 3491, after matrix67).

Source: 苏剑林, https://kexue.fm/archives/3491
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from zhnlp.mining.encode import Symbols
from zhnlp.mining.methods.base import Candidates, Method, Verdicts, numeric, scale, word_like
from zhnlp.mining.progress import Progress
from zhnlp.mining.score import absorbed_nodes
from zhnlp.mining.trie import Trie


@dataclass(frozen=True)
class BoundaryEntropy(Method):
    """Options of the boundary-entropy method.

    Args:
        min_pmi: least PMI in nats over every split; the post asks for a ratio of 30, which is ln 30 = 3.4 nats
            (scaled down for corpora below 10 million symbols).
        min_entropy: least entropy in nats of the left and of the right neighbours.  The post's 3 is strict; 1 to 3
            are usual.
    """

    name: ClassVar[str] = "boundary-entropy"

    min_pmi: float = math.log(30)
    min_entropy: float = 1.0

    def find(self, symbols: Symbols, trie: Trie, *, threads: int, progress: Progress) -> Candidates:
        """Judge every n-gram of the trie."""
        nodes = np.flatnonzero(trie.count >= trie.min_count)
        nodes = nodes[(nodes >= 2) & word_like(trie, nodes)]
        verdicts = Verdicts(nodes)
        verdicts.reject(numeric(trie, nodes), "a number and at most its unit")
        verdicts.reject(trie.pmi[nodes] <= self.min_pmi * scale(trie.total), "a split is weak")
        bound = self.min_entropy * scale(trie.total)
        verdicts.reject(trie.left_entropy[nodes] <= bound, "few left neighbours")
        verdicts.reject(trie.right_entropy[nodes] <= bound, "few right neighbours")
        verdicts.reject(absorbed_nodes(trie)[nodes], "always part of one longer n-gram")
        return verdicts.candidates()
