"""A trie of words for compiled code: one hash table of (node, symbol) → child.

Symbols are the characters of the lexicon, numbered from 1; node s is the one-character string of symbol s, so the
root needs no table.  The width fold is part of the symbol table: Ａ and A have one symbol.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zhnlp.mining.jit import compiled
from zhnlp.text.characters import CODE_POINTS, code_points
from zhnlp.text.width import width_table


class WordTrie(NamedTuple):
    """The tables of a trie."""

    symbols: np.ndarray  # (0x110000,) int32: symbol of a code point of the text, 0 if in no word
    edges: np.ndarray  # (2^h, 2) int64: node << 21 | symbol and the child; -1 where free
    inner: np.ndarray  # (nodes,) bool: has children


@compiled
def slot_of(edges, node, symbol):
    """The slot of the edge, or the free slot where it belongs."""
    mask = np.int64(edges.shape[0] - 1)
    key = np.int64(node) << 21 | np.int64(symbol)
    mixed = np.int64(node) * 2654435761 + np.int64(symbol) * 40503
    slot = (mixed ^ (mixed >> 15)) & mask
    while edges[slot, 0] != key and edges[slot, 0] != -1:
        slot = (slot + 1) & mask
    return slot


@compiled
def child_of(trie, node, symbol):
    """The child of ``node`` by ``symbol``, or 0."""
    slot = slot_of(trie.edges, node, symbol)
    return trie.edges[slot, 1] if trie.edges[slot, 0] != -1 else np.int64(0)


@compiled
def _grow(points, ends, symbols, edges, parent, symbol, node_of, nodes):
    """Insert the words ``points[ends[w - 1]:ends[w]]``; returns the number of nodes."""
    begin = 0
    for word in range(ends.size):
        node = np.int64(symbols[points[begin]])
        for at in range(begin + 1, ends[word]):
            letter = symbols[points[at]]
            slot = slot_of(edges, node, letter)
            if edges[slot, 0] == -1:
                edges[slot, 0] = np.int64(node) << 21 | np.int64(letter)
                edges[slot, 1] = nodes
                parent[nodes] = node
                symbol[nodes] = letter
                nodes += 1
            node = edges[slot, 1]
        node_of[word] = node
        begin = ends[word]
    return nodes


@compiled
def _settle(first, nodes, parent, symbol, edges, inner):
    for node in range(first, nodes):
        slot = slot_of(edges, parent[node], symbol[node])
        edges[slot, 0] = np.int64(parent[node]) << 21 | np.int64(symbol[node])
        edges[slot, 1] = node
        inner[parent[node]] = True


def _table(edges: int) -> np.ndarray:
    return np.full((1 << max(4, int(2 * edges).bit_length()), 2), -1, np.int64)


def build_trie(words: list[str], without: np.ndarray | None = None) -> tuple[WordTrie, np.ndarray]:
    """The trie of ``words`` (no empty one among them), and the node of each word, (W,) int32.

    Args:
        without: (0x110000,) bool, code points that the trie shall not know; words with them never match.
    """
    fold = width_table()
    joined = fold[code_points("".join(words))]
    ends = np.cumsum(np.fromiter(map(len, words), np.int64, len(words)))
    known = np.unique(joined)
    symbols = np.zeros(CODE_POINTS, np.int32)
    symbols[known] = np.arange(1, known.size + 1)
    edges = _table(joined.size)
    first = known.size + 1
    parent, symbol = (np.zeros(first + joined.size, np.int32) for _ in range(2))
    node_of = np.zeros(len(words), np.int32)
    nodes = _grow(joined, ends, symbols, edges, parent, symbol, node_of, first)
    edges = _table(nodes - first)
    inner = np.zeros(nodes, np.bool_)
    _settle(first, nodes, parent, symbol, edges, inner)
    symbols = symbols[fold]
    if without is not None:
        symbols[without] = 0
    return WordTrie(symbols, edges, inner), node_of
