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
from zhnlp.mining.workers import Tallies, walk

FREQUENT = 1024  # symbols (identities go by falling count) whose pairs have a table of their own
BLOCK = 2048  # positions that step through the table together


class Transitions(NamedTuple):
    """The trie's edges on the way to chosen nodes: (node, symbol) → child << 2 | leads on << 1 | chosen, or -1.

    ``pairs`` answers for two frequent symbols at once; all other edges are in a hash table, whose entry e is
    ``entries[2e]`` = node << 16 | symbol, all ones where free, and ``entries[2e + 1]``, side by side because they are
    read together.
    """

    pairs: np.ndarray  # (FREQUENT, FREQUENT) int32
    entries: np.ndarray  # (2 · 2^h,) uint64
    chosen: np.ndarray  # (nodes,) bool


class Edges(NamedTuple):
    """The trie's own columns that a walk needs."""

    symbol: np.ndarray
    first_child: np.ndarray
    children: np.ndarray


@compiled
def find_edge(entries, node, symbol):
    """child << 2 | leads on << 1 | chosen for the edge from ``node`` by ``symbol``, or -1."""
    key = np.uint64(node) << np.uint64(16) | np.uint64(symbol)
    mask = (entries.size >> 1) - 1
    slot = np.int64((key * np.uint64(11400714819323198485)) >> np.uint64(20)) & mask
    while entries[2 * slot] != key and entries[2 * slot] != ~np.uint64(0):
        slot = (slot + 1) & mask
    return np.int64(entries[2 * slot + 1]) if entries[2 * slot] == key else np.int64(-1)


@compiled
def find_pair(pairs, entries, first, second):
    """`find_edge` from a single symbol."""
    if first < FREQUENT and second < FREQUENT:
        return np.int64(pairs[first, second])
    return find_edge(entries, first, second)


@compiled
def match_block(symbols, begin, size, pairs, entries, order, edges, alive):
    """Follow the edges from each of ``size`` positions; ``edges[d, i]`` leads to the d + 2 symbols at begin + i, or is -1.

    All positions take one step before any takes the next, so that their memory accesses overlap.  ``edges`` is
    (order - 1, size) int64, ``alive`` (size,) int64.
    """
    n = 0
    for i in range(size):
        edge = find_pair(pairs, entries, symbols[begin + i], symbols[begin + i + 1])
        edges[0, i] = edge
        alive[n] = i
        n += (edge >= 0) & ((edge & 2) != 0)
    for d in range(1, order - 1):
        edges[d, :size] = -1
        kept = 0
        for j in range(n):
            i = alive[j]
            edge = find_edge(entries, edges[d - 1, i] >> 2, symbols[begin + i + d + 1])
            edges[d, i] = edge
            alive[kept] = i
            kept += (edge >= 0) & ((edge & 2) != 0)
        n = kept


@compiled
def _insert_edges(nodes, parent, symbol, chosen, leads_on, frequent, pairs, entries):
    mask = (entries.size >> 1) - 1
    for i in range(nodes.size):
        node = nodes[i]
        value = np.int64(node) << 2 | np.int64(leads_on[node]) << 1 | np.int64(chosen[node])
        if parent[node] < frequent and symbol[node] < frequent:
            pairs[parent[node], symbol[node]] = value
            continue
        key = np.uint64(parent[node]) << np.uint64(16) | np.uint64(symbol[node])
        slot = np.int64((key * np.uint64(11400714819323198485)) >> np.uint64(20)) & mask
        while entries[2 * slot] != ~np.uint64(0):
            slot = (slot + 1) & mask
        entries[2 * slot] = key
        entries[2 * slot + 1] = np.uint64(value)


@compiled
def _mark_ancestors(chosen, parent, needed):
    for node in range(chosen.size):
        ancestor = node
        if chosen[node]:
            while ancestor >= 0 and not needed[ancestor]:
                needed[ancestor] = True
                ancestor = parent[ancestor]


def transitions(trie: Trie, chosen: np.ndarray) -> Transitions:
    """The edges on the way to ``chosen`` nodes, (nodes,) bool."""
    needed = np.zeros(len(trie), np.bool_)
    _mark_ancestors(chosen, trie.parent, needed)
    nodes = np.flatnonzero(needed[len(trie.alphabet) :]) + len(trie.alphabet)
    leads_on = np.zeros(len(trie), np.bool_)
    leads_on[trie.parent[nodes]] = True
    frequent = min(FREQUENT, len(trie.alphabet))  # parents above are longer than one symbol
    hashed = np.count_nonzero((trie.parent[nodes] >= frequent) | (trie.symbol[nodes] >= frequent))
    entries = np.full(2 << max(4, int(2 * hashed).bit_length()), ~np.uint64(0))
    pairs = np.full((FREQUENT, FREQUENT), -1, np.int32)
    _insert_edges(nodes, trie.parent, trie.symbol, chosen, leads_on, frequent, pairs, entries)
    return Transitions(pairs, entries, chosen)


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
def _walk(symbols, begin, end, pairs, entries, edges, order, max_length, every, count):
    """Cut ``symbols[begin:end]`` where nothing joins and count the segments by node; returns the unlisted ones."""
    matches = np.empty((max(order - 1, 1), BLOCK), np.int64)
    alive = np.empty(BLOCK, np.int64)
    path = np.empty(order, np.int64)  # nodes along the segment's beginning: path[d] has d + 1 symbols
    known = 0
    unlisted = 0
    first = begin
    reach = begin
    filled = begin
    for i in range(begin, end + 1):
        if i == filled:
            match_block(symbols, i, min(BLOCK, end + 1 - i), pairs, entries, order, matches, alive)
            filled += BLOCK
        symbol = symbols[i] if i < end else 0
        if i >= reach or symbol == 0:  # a cut before i: count the segment [first, i)
            length = i - first
            if length > 0 and symbols[first] >= 2:
                node = np.int64(-1)
                if length <= max_length and (every or known >= min(length, order)):
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
            known = 1
            path[0] = symbol
        if symbol < 2:
            continue
        at = i - filled + BLOCK
        longest = 1
        for d in range(order - 1):
            edge = matches[d, at]
            if edge < 0:
                break
            if first == i:
                path[d + 1] = edge >> 2
                known = d + 2
            if edge & 1:
                longest = d + 2
        reach = max(reach, i + longest)
    return unlisted


def join_segments(
    symbols: Symbols,
    trie: Trie,
    strong: np.ndarray,
    *,
    order: int,
    every: bool = True,
    threads: int = 1,
    progress: Progress | None = None,
) -> tuple[np.ndarray, int]:
    """Cut the corpus where no strong fragment of up to ``order`` symbols joins, and count the segments.

    Args:
        strong: (nodes,) bool, the strong fragments.
        order: length of the longest of them, in symbols (2-8).
        every: count every segment; without it those are left unlisted whose first ``order`` symbols (or all, if
            fewer) lead to no strong fragment, which backtracking would reject anyway; this is faster.

    Returns:
        Segments by node, (nodes,) int64, and the number of segments that are no node: rarer than ``min_count``
        or longer than ``max_length``.
    """
    edges = Edges(trie.symbol, trie.first_child, trie.children)
    frame = transitions(trie, strong), edges, order, trie.max_length, every
    return symbols.sum_over(_join, *frame, threads=threads, progress=progress)


def _join(
    symbols: Symbols,
    table: Transitions,
    edges: Edges,
    order: int,
    max_length: int,
    every: bool,
    *,
    threads: int,
    progress: Progress | None,
) -> tuple[np.ndarray, int]:
    tallies = Tallies(edges.symbol.size, np.uint32)

    def job(begin, end, document):
        tally = tallies.mine()
        return _walk(
            symbols.array, begin, end, table.pairs, table.entries, edges, order, max_length, every, tally
        )

    unlisted = sum(walk(symbols, job, threads=threads, progress=progress))
    return tallies.total(), unlisted
