"""Frequency, solidity and boundary entropy, without segmentation (post 3491, after matrix67).

Source: 苏剑林, https://kexue.fm/archives/3491
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from zhnlp.mining.encode import Symbols
from zhnlp.mining.methods.base import Candidates, Method, Verdicts, check_at_least, numeric, scale, word_like
from zhnlp.mining.progress import Progress
from zhnlp.mining.score import absorbed_nodes
from zhnlp.mining.trie import Trie


@dataclass(frozen=True)
class BoundaryEntropy(Method):
    """Options of the boundary-entropy method.

    Args:
        min_pmi: least PMI in nats over every split.  None takes the post's ratio of 30, ln 30 = 3.4 nats.
        min_entropy: least entropy in nats of the left and of the right neighbours; the post asks for 3, which is
            strict.  None takes 1.  What is taken for None is made for 10 million symbols and shrinks with the
            logarithm of the size in smaller corpora; a number is taken as it is.

    Raises:
        ValueError: a threshold is no finite number, or the entropy is negative.
    """

    name: ClassVar[str] = "boundary-entropy"

    min_pmi: float | None = None
    min_entropy: float | None = None

    def __post_init__(self) -> None:
        check_at_least(self.min_pmi, -100, "min_pmi")
        check_at_least(self.min_entropy, 0, "min_entropy")

    def find(self, symbols: Symbols, trie: Trie, *, threads: int, progress: Progress) -> Candidates:
        """Judge every n-gram of the trie."""
        nodes = np.flatnonzero(trie.count >= trie.min_count)
        nodes = nodes[(nodes >= 2) & word_like(trie, nodes)]
        verdicts = Verdicts(nodes)
        verdicts.reject(numeric(trie, nodes), "a number and at most its unit")
        small = scale(trie.total)
        weak = math.log(30) * small if self.min_pmi is None else self.min_pmi
        bound = small if self.min_entropy is None else self.min_entropy
        verdicts.reject(trie.pmi[nodes] <= weak, "a split is weak")
        verdicts.reject(trie.left_entropy[nodes] <= bound, "few left neighbours")
        verdicts.reject(trie.right_entropy[nodes] <= bound, "few right neighbours")
        verdicts.reject(absorbed_nodes(trie)[nodes], "always part of one longer n-gram")
        return verdicts.candidates()
