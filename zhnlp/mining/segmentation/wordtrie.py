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
    keys: np.ndarray  # (2^h,) int64: node << 21 | symbol, -1 where free
    child: np.ndarray  # (2^h,) int32
    inner: np.ndarray  # (nodes,) bool: has children


@compiled
def slot_of(keys, node, symbol):
    """The slot of the edge, or the free slot where it belongs."""
    mask = np.int64(keys.size - 1)
    key = np.int64(node) << 21 | np.int64(symbol)
    mixed = np.int64(node) * 2654435761 + np.int64(symbol) * 40503
    slot = (mixed ^ (mixed >> 15)) & mask
    while keys[slot] != key and keys[slot] != -1:
        slot = (slot + 1) & mask
    return slot


@compiled
def child_of(trie, node, symbol):
    """The child of ``node`` by ``symbol``, or 0."""
    slot = slot_of(trie.keys, node, symbol)
    return trie.child[slot] if trie.keys[slot] != -1 else np.int32(0)


@compiled
def _grow(points, ends, symbols, keys, child, parent, symbol, node_of, nodes):
    """Insert the words ``points[ends[w - 1]:ends[w]]``; returns the number of nodes."""
    begin = 0
    for word in range(ends.size):
        node = symbols[points[begin]]
        for at in range(begin + 1, ends[word]):
            letter = symbols[points[at]]
            slot = slot_of(keys, node, letter)
            if keys[slot] == -1:
                keys[slot] = np.int64(node) << 21 | np.int64(letter)
                child[slot] = nodes
                parent[nodes] = node
                symbol[nodes] = letter
                nodes += 1
            node = child[slot]
        node_of[word] = node
        begin = ends[word]
    return nodes


@compiled
def _settle(first, nodes, parent, symbol, keys, child, inner):
    for node in range(first, nodes):
        slot = slot_of(keys, parent[node], symbol[node])
        keys[slot] = np.int64(parent[node]) << 21 | np.int64(symbol[node])
        child[slot] = node
        inner[parent[node]] = True


def _table(edges: int) -> tuple[np.ndarray, np.ndarray]:
    size = 1 << max(4, int(2 * edges).bit_length())
    return np.full(size, -1, np.int64), np.zeros(size, np.int32)


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
    keys, child = _table(joined.size)
    first = known.size + 1
    parent, symbol = (np.zeros(first + joined.size, np.int32) for _ in range(2))
    node_of = np.zeros(len(words), np.int32)
    nodes = _grow(joined, ends, symbols, keys, child, parent, symbol, node_of, first)
    keys, child = _table(nodes - first)
    inner = np.zeros(nodes, np.bool_)
    _settle(first, nodes, parent, symbol, keys, child, inner)
    symbols = symbols[fold]
    if without is not None:
        symbols[without] = 0
    return WordTrie(symbols, keys, child, inner), node_of
