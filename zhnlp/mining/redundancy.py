"""De-redundancy of a lexicon: drop words whose parts say the same at little more cost (posts 5476, 5597)."""

from __future__ import annotations

import numpy as np

from zhnlp.mining.jit import compiled
from zhnlp.mining.trie import Trie


@compiled
def _drop(order, depth, paths, first_child, children, symbol, count, total, listed, margin, dropped):
    """Judge the words in ``order``, longest first; ``count`` (by node, float64) is moved to the parts of dropped ones."""
    best = np.empty(16, np.float64)
    via = np.empty(16, np.int64)
    size = np.empty(16, np.int64)
    for k in range(order.size):
        word = order[k]
        n = np.int64(depth[word])
        best[0] = 0.0
        best[1 : n + 1] = -np.inf
        for i in range(n):
            node = np.int64(paths[k, i])
            for j in range(i + 1, n + 1):
                if j - i == 1 or (listed[node] and node != word):
                    value = best[i] + np.log(max(count[node], 0.5) / total)
                    if value > best[j]:
                        best[j] = value
                        via[j] = node
                        size[j] = j - i
                if j == n:
                    break
                low = np.int64(first_child[node])
                stop = low + children[node]
                high = stop
                while low < high:
                    middle = (low + high) >> 1
                    if symbol[middle] < paths[k, j]:
                        low = middle + 1
                    else:
                        high = middle
                if low == stop or symbol[low] != paths[k, j]:
                    break
                node = low
        gain = np.log(max(count[word], 0.5) / total) - best[n]
        if gain < n + margin:
            dropped[k] = True
            listed[word] = False
            i = n
            moved = count[word]
            count[word] = 0.0
            while i > 0:
                count[via[i]] += moved
                i -= size[i]


def redundant_nodes(trie: Trie, words: np.ndarray, segments: np.ndarray, *, margin: float) -> np.ndarray:
    """The ``words`` (nodes) whose gain ln p(w) - Σ ln p(parts) is below their length in symbols + ``margin``, nats.

    Args:
        segments: (nodes,) how often each node stands alone; the counts of dropped words go to their parts, so
            longer words are judged first and ties in order of falling count, then of node.
    """
    words = words[trie.depth[words] > 1]
    order = words[np.lexsort((words, -segments[words], -trie.depth[words].astype(np.int64)))]
    listed = np.zeros(len(trie), np.bool_)
    listed[words] = True
    count = segments.astype(np.float64)
    dropped = np.zeros(order.size, np.bool_)
    _drop(
        order,
        trie.depth,
        trie.paths(order),
        trie.first_child,
        trie.children,
        trie.symbol,
        count,
        max(count.sum(), 1.0),
        listed,
        margin,
        dropped,
    )
    return order[dropped]
