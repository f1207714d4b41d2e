"""Plain numpy counting, level by level: the oracle of the kernel's tests, and the fallback without numba."""

from __future__ import annotations

import numpy as np

from zhnlp.mining.alphabet import FIRST_SYMBOL
from zhnlp.mining.encode import PADDING, Symbols
from zhnlp.mining.kernel import Nodes
from zhnlp.mining.neighbours import SCALE
from zhnlp.mining.trie import Trie, link, room_for_links


def _entropy(node: np.ndarray, neighbour: np.ndarray, size: int) -> np.ndarray:
    """Entropy in nats of the neighbours of each of ``size`` nodes, one (node, neighbour) pair an occurrence."""
    pairs, counts = np.unique(np.stack([node, neighbour]), axis=1, return_counts=True)
    total = np.bincount(node, minlength=size)
    bounds = np.searchsorted(pairs[0], np.arange(size + 1))
    summed = np.append(0, np.cumsum(np.rint(counts * np.log(counts) * SCALE).astype(np.int64)))
    weighted = np.diff(summed[bounds]) / SCALE
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.diff(bounds) > 1, np.log(total) - weighted / total, 0.0)


def oracle_trie(symbols: Symbols, *, max_length: int, min_count: int) -> Trie:
    """The same trie as `count_ngrams` (nodes may stand in another order), by sorting whole levels."""
    array = symbols.array.astype(np.int64)
    size = len(symbols.alphabet)
    start = np.flatnonzero(array >= FIRST_SYMBOL)
    start = start[(start >= PADDING) & (start < array.size - PADDING)]
    node = array[start]
    levels = [np.stack([np.arange(size), np.bincount(node, minlength=size), np.full(size, -1)])]
    entropies = []
    first_node = 0
    for length in range(1, max_length + 1):
        width = levels[-1].shape[1]
        left = _entropy(node - first_node, array[start - 1], width)
        right = _entropy(node - first_node, array[start + length], width)
        rare = levels[-1][1] < min_count
        entropies.append(np.where(rare, 0.0, np.stack([left, right])))
        if length == max_length:
            break
        follower = array[start + length]
        goes_on = (follower >= FIRST_SYMBOL) & ~rare[node - first_node]
        start, node, follower = start[goes_on], node[goes_on], follower[goes_on]
        keys, back, counts = np.unique(node << 16 | follower, return_inverse=True, return_counts=True)
        kept = counts >= min_count
        first_node += width
        number = np.cumsum(kept) - 1 + first_node
        alive = kept[back]
        start, node = start[alive], number[back[alive]]
        levels.append(np.stack([keys[kept] & 0xFFFF, counts[kept], keys[kept] >> 16]))
    symbol, count, parent = np.concatenate(levels, axis=1)
    count[:FIRST_SYMBOL] = symbols.alphabet.counts[:FIRST_SYMBOL]
    left, right = np.concatenate(entropies, axis=1)
    columns = Nodes.empty(symbol.size)
    columns.symbol[:] = symbol
    columns.count[:] = count
    columns.children[:] = np.bincount(parent[parent >= 0], minlength=symbol.size)
    columns.first_child[:] = np.searchsorted(parent, np.arange(symbol.size))
    columns.left_entropy[:] = left
    columns.right_entropy[:] = right
    trie = Trie(symbols.alphabet, max_length, min_count, *columns, *room_for_links(symbol.size))
    return link(trie, threads=1)
