"""One score that ranks candidates by how likely a dictionary would list them: cohesion, freedom, entropy gain.

    score = 0.2 ln(c (PMI - 1))                gain: what the corpus saves, in nats, when w becomes a unit (5476)
          + 0.15 n                             cohesion: n = 10 PMI / ln(T / c), at most 10, PMI the least over all splits
          + 0.8 min(H_left, H_right)           outer freedom: w is met in many surroundings (3491)
          - 0.6 max(H_right(w-), H_left(-w))   inner freedom: w without its last, first symbol goes on in many ways
          + 0.35 ln(share)                     share of occurrences in which w stands alone as a segment (6920)
          - (3.6 - 0.15 n) m                   length: m = 0, 1, 2 for 2, 3, 4 symbols, 0.1 more for each further one
          + 1.3

PMI - 1 is taken as 0.1 at least; share is (segments + 1/2) / (c + 1); a run of Latin letters by itself has no cohesion,
no inner freedom and the gain of a PMI of 8.

It is a log-odds: 0 means that about half of the candidates with this score are words.  The weights are a logistic
regression, rounded, of "listed in the open dictionary jiagu" on n-grams of statutes, IT articles, general text and
a novel, in samples of 25,000 to 21 million characters; news and the
PKU lists were kept out of the fit (the thresholds of the n-gram method, though, were chosen on news).
"""

from __future__ import annotations

import numpy as np

from zhnlp.mining.jit import compiled
from zhnlp.mining.trie import Trie

_RUN_PMI = 8.0  # nats: what the gain of a run of Latin letters, which cannot be split, is reckoned with


@compiled
def _absorbed(count, parent, suffix, begin):
    absorbed = np.zeros(count.size, np.bool_)
    for node in range(begin, count.size):
        for part in (parent[node], suffix[node]):
            if count[part] == count[node]:
                absorbed[part] = True
    return absorbed


def absorbed_nodes(trie: Trie) -> np.ndarray:
    """Whether all occurrences of an n-gram lie inside one longer n-gram (变压 where only 变压器 is met), (nodes,) bool."""
    return _absorbed(trie.count, trie.parent, trie.suffix, len(trie.alphabet))


def score_nodes(trie: Trie, nodes: np.ndarray, segments: np.ndarray | None = None) -> np.ndarray:
    """The score of ``nodes``, (M,) float64.

    Args:
        segments: how often each stands alone as a segment, (M,); None where a method does not segment, and
            every share is then taken as one half.
    """
    count = trie.count[nodes].astype(np.float64)
    atom = trie.depth[nodes] == 1
    pmi = np.where(atom, _RUN_PMI, trie.pmi[nodes]).astype(np.float64)
    cohesion = np.where(atom, 0.0, 10 * pmi / np.log(max(trie.total, 2) / count).clip(1e-9))
    outer = np.minimum(trie.left_entropy[nodes], trie.right_entropy[nodes]).astype(np.float64)
    inner = np.maximum(trie.right_entropy[trie.parent[nodes]], trie.left_entropy[trie.suffix[nodes]])
    inner = np.where(atom, 0.0, inner)
    share = 0.5 if segments is None else (segments + 0.5) / (count + 1)
    length = trie.depth[nodes].astype(np.float64)
    m = np.clip(length - 2, 0, 2) + 0.1 * np.maximum(length - 4, 0)
    gain = np.log(count * np.maximum(pmi - 1, 0.1))
    freedom = 0.8 * outer - 0.6 * inner + 0.35 * np.log(share)
    return 0.2 * gain + 0.15 * cohesion + freedom - (3.6 - 0.15 * cohesion) * m + 1.3
