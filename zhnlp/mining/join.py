"""Longest-join segmentation: no cut between two symbols that some strong fragment covers both (post 4256).

A strong fragment is a node of the trie that passed a method's thresholds.  Overlapping fragments chain, so a
segment may be longer than any of them.  One walk over the corpus counts every segment that is a node.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zhnlp.mining.encode import Symbols
from zhnlp.mining.jit import compiled
from zhnlp.mining.progress import Progress
from zhnlp.mining.trie import Trie
from zhnlp.mining.workers import Tallies, iterate, stretches

MAX_ORDER = 8  # longest strong fragment, in symbols


class Transitions(NamedTuple):
    """A hash table of the trie's edges that lead to strong fragments: (node, symbol) → child."""

    keys: np.ndarray  # (2^h,) uint64: node << 16 | symbol, all ones where free
    children: np.ndarray  # (2^h,) int32
    strong: np.ndarray  # (nodes,) bool


class Edges(NamedTuple):
    """The trie's own columns that a walk needs."""

    symbol: np.ndarray
    first_child: np.ndarray
    children: np.ndarray


@compiled
def edge_slot(key, mask):
    return np.int64((key * np.uint64(11400714819323198485)) >> np.uint64(20)) & mask


@compiled
def _insert_edges(nodes, parent, symbol, keys, children):
    mask = keys.size - 1
    free = ~np.uint64(0)
    for i in range(nodes.size):
        node = nodes[i]
        key = np.uint64(parent[node]) << np.uint64(16) | np.uint64(symbol[node])
        slot = edge_slot(key, mask)
        while keys[slot] != free:
            slot = (slot + 1) & mask
        keys[slot] = key
        children[slot] = node


@compiled
def _mark_ancestors(strong, parent, needed):
    for node in range(strong.size):
        ancestor = node
        if strong[node]:
            while ancestor >= 0 and not needed[ancestor]:
                needed[ancestor] = True
                ancestor = parent[ancestor]


def transitions(trie: Trie, strong: np.ndarray) -> Transitions:
    """The edges on the way to ``strong`` nodes, (nodes,) bool."""
    needed = np.zeros(len(trie), np.bool_)
    _mark_ancestors(strong, trie.parent, needed)
    nodes = np.flatnonzero(needed[len(trie.alphabet) :]) + len(trie.alphabet)
    size = 1 << max(4, int(2 * nodes.size).bit_length())
    keys = np.full(size, ~np.uint64(0))
    children = np.zeros(size, np.int32)
    _insert_edges(nodes, trie.parent, trie.symbol, keys, children)
    return Transitions(keys, children, strong)


@compiled
def next_node(edges, node, symbol):
    """The child of ``node`` by ``symbol``, or -1."""
    low = np.int64(edges.first_child[node])
    stop = low + edges.children[node]
    high = stop
    while low < high:
        middle = (low + high) >> 1
        if edges.symbol[middle] < symbol:
            low = middle + 1
        else:
            high = middle
    if low < stop and edges.symbol[low] == symbol:
        return low
    return np.int64(-1)


@compiled
def _walk(symbols, begin, end, table, edges, order, max_length, count):
    """Cut ``symbols[begin:end]`` where nothing joins and count the segments by node; returns the unlisted ones."""
    keys, children, strong = table
    mask = keys.size - 1
    free = ~np.uint64(0)
    path = np.empty(MAX_ORDER, np.int64)  # nodes along the segment's beginning: path[d] has d + 1 symbols
    known = 0
    unlisted = 0
    first = begin
    reach = begin
    for i in range(begin, end + 1):
        symbol = symbols[i] if i < end else 0
        if i >= reach or symbol == 0:  # a cut before i: count the segment [first, i)
            length = i - first
            if length > 0 and symbols[first] >= 2:
                node = np.int64(-1)
                if length <= max_length:
                    node = path[min(known, length) - 1]
                    j = first + min(known, length)
                    while j < i and node >= 0:
                        node = next_node(edges, node, symbols[j])
                        j += 1
                if node >= 0:
                    count[node] += 1
                else:
                    unlisted += 1
            first = i + (symbol == 0)
            reach = i + 1
            known = 0
        if symbol < 2:
            continue
        node = np.int64(symbol)
        if first == i:
            path[0] = node
            known = 1
        depth = 1
        longest = 1
        while depth < order:
            key = np.uint64(node) << np.uint64(16) | np.uint64(symbols[i + depth])
            slot = edge_slot(key, mask)
            while keys[slot] != key and keys[slot] != free:
                slot = (slot + 1) & mask
            if keys[slot] == free:
                break
            node = np.int64(children[slot])
            if first == i:
                path[depth] = node
                known = depth + 1
            depth += 1
            if strong[node]:
                longest = depth
        reach = max(reach, i + longest)
    return unlisted


def join_segments(
    symbols: Symbols,
    trie: Trie,
    strong: np.ndarray,
    *,
    order: int,
    threads: int = 1,
    progress: Progress | None = None,
) -> tuple[np.ndarray, int]:
    """Cut the corpus where no strong fragment of up to ``order`` symbols joins, and count the segments.

    Args:
        strong: (nodes,) bool, the strong fragments.
        order: length of the longest of them, in symbols (2-8).

    Returns:
        Segments by node, (nodes,) int64, and the number of segments that are no node: rarer than ``min_count``
        or longer than ``max_length``.
    """
    table = transitions(trie, strong)
    edges = Edges(trie.symbol, trie.first_child, trie.children)
    tallies = Tallies(len(trie), np.uint32)

    def job(begin, end, document):
        return _walk(
            symbols.array, begin, end, table, edges, order, trie.max_length, tallies.mine()
        ), end - begin

    unlisted = 0
    for missing, size in iterate(job, stretches(symbols), threads):
        unlisted += missing
        if progress is not None:
            progress.advance(size)
    return tallies.total(), unlisted
