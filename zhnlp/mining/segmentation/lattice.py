"""All segmentations of a text at once: the k best of them, and how often each word is expected in them."""

from __future__ import annotations

import heapq
from itertools import groupby
from typing import NamedTuple

import numpy as np

from zhnlp.mining.jit import compiled
from zhnlp.mining.segmentation.units import unit_kinds
from zhnlp.mining.segmentation.viterbi import BLANK, Model
from zhnlp.mining.segmentation.wordtrie import child_of


class Lattice(NamedTuple):
    """Every word that may stand in a text, by rising start, then end."""

    starts: np.ndarray  # (E,) int64
    ends: np.ndarray  # (E,) int64
    nodes: np.ndarray  # (E,) int32: UNLISTED for a unit that is no word, BLANK for a blank
    values: np.ndarray  # (E,) float64, nats
    size: int  # characters


@compiled
def _edges(points, unit, kinds, trie, weight, unknown, starts, ends, nodes, values):
    """Write the edges that there is room for; returns how many there are."""
    written = 0
    i = 0
    while i < points.size:
        end = i + 1
        while unit[end] == 0:
            end += 1
        node = np.int64(trie.symbols[points[i]])
        j = i + 1
        listed = False
        while True:
            word = node != 0 and unit[j] != 0 and weight[node] != -np.inf
            listed = listed or (word and j == end)
            if word or (j == end and not listed):
                blank = not word and kinds[points[i]] == 2
                if written < starts.size:
                    starts[written] = i
                    ends[written] = j
                    nodes[written] = node if word else (-2 if blank else -1)
                    values[written] = weight[node] if word else (0.0 if blank else unknown)
                written += 1
            if node != 0:
                if j < points.size and trie.inner[node] and trie.symbols[points[j]] != 0:
                    node = child_of(trie, node, trie.symbols[points[j]])
                else:
                    node = np.int64(0)
            if node == 0 and j >= end:
                break
            j += 1
        i = end
    return written


def lattice(points: np.ndarray, unit: np.ndarray, model: Model) -> Lattice:
    """The lattice of a text (its code points and unit marks) under a model."""
    size = 0
    while True:
        columns = (
            np.empty(size, np.int64),
            np.empty(size, np.int64),
            np.empty(size, np.int32),
            np.empty(size),
        )
        needed = _edges(points, unit, unit_kinds(), model.trie, model.weight, model.unknown, *columns)
        if needed == size:
            return Lattice(*columns, points.size)
        size = needed


def k_best(lattice: Lattice, k: int) -> list[tuple[float, list[tuple[int, int]]]]:
    """The ``k`` best paths as (score, spans), best first; ties as in `zhnlp.mining.segmentation.viterbi`."""
    edges = sorted(
        zip(*(column.tolist() for column in (lattice.ends, lattice.starts, lattice.nodes, lattice.values)))
    )
    # at each place the best ways to it: (-score, words, start of the last word, rank of the way to that start)
    ways: list[list[tuple[float, int, int, int]]] = [[] for _ in range(lattice.size + 1)]
    ways[0] = [(0.0, 0, -1, -1)]
    blanks = {start for _, start, node, _ in edges if node == BLANK}
    for end, group in groupby(edges, key=lambda edge: edge[0]):
        candidates = (
            (cost - value, words + (node != BLANK), start, rank)
            for _, start, node, value in group
            for rank, (cost, words, _, _) in enumerate(ways[start])
        )
        ways[end] = heapq.nsmallest(k, candidates)
    found = []
    for rank, (cost, *_) in enumerate(ways[lattice.size]):
        end, spans = lattice.size, []
        while end > 0:
            _, _, start, rank = ways[end][rank]
            if start not in blanks:
                spans.append((start, end))
            end = start
        found.append((0.0 - cost, spans[::-1]))
    return found


@compiled
def _log_add(a, b):
    if a < b:
        a, b = b, a
    return a if b == -np.inf else a + np.log1p(np.exp(b - a))


@compiled
def _expect(starts, ends, nodes, values, forward, backward, expected):
    forward[:] = -np.inf
    backward[:] = -np.inf
    forward[0] = 0.0
    backward[-1] = 0.0
    for e in range(starts.size):
        forward[ends[e]] = _log_add(forward[ends[e]], forward[starts[e]] + values[e])
    for e in range(starts.size - 1, -1, -1):
        backward[starts[e]] = _log_add(backward[starts[e]], backward[ends[e]] + values[e])
    for e in range(starts.size):
        if nodes[e] >= 0:
            share = forward[starts[e]] + values[e] + backward[ends[e]] - backward[0]
            expected[nodes[e]] += np.exp(share)
    return backward[0]


def add_expected(lattice: Lattice, expected: np.ndarray) -> float:
    """Add each word's expected count over all segmentations to ``expected`` (nodes,); returns ln p(text), nats."""
    room = np.empty(lattice.size + 1), np.empty(lattice.size + 1)
    return float(_expect(lattice.starts, lattice.ends, lattice.nodes, lattice.values, *room, expected))
