"""Find many texts in a trie at once, and match the n-grams of one trie with those of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from zhnlp.mining.alphabet import FIRST_SYMBOL, Alphabet
from zhnlp.mining.encoder import Encoder
from zhnlp.mining.jit import compiled
from zhnlp.mining.join import Edges, next_node


class Counted(Protocol):
    """Counted n-grams: a `Trie`, or the columns of one that reference statistics keep."""

    alphabet: Alphabet
    max_length: int
    min_count: int
    symbol: np.ndarray
    count: np.ndarray
    first_child: np.ndarray
    children: np.ndarray


@compiled
def _descend(symbols, starts, ends, edges, nodes):
    for k in range(starts.size):
        node = np.int64(-1)
        for i in range(starts[k], ends[k]):
            symbol = symbols[i]
            if symbol < 0:
                node = -1
                break
            node = symbol if i == starts[k] else next_node(edges, node, symbol)
            if node < 0:
                break
        nodes[k] = node


@compiled
def _match(edges, other, mapping, partner):
    """Give every node its partner in the ``other`` trie; parents stand before children."""
    for node in range(partner.size):
        match = partner[node]
        first = np.int64(edges.first_child[node])
        for child in range(first, first + edges.children[node]):
            symbol = mapping[edges.symbol[child]]
            if match < 0 or symbol < 0:
                partner[child] = -1
            else:
                partner[child] = next_node(other, match, symbol)


def find_texts(trie: Counted, texts: Sequence[str]) -> np.ndarray:
    """The node of each of ``texts``, encoded as the corpus was, (M,) int64; -1 where it has fewer than ``min_count`` occurrences.

    Example:
        >>> from zhnlp.mining.count import count_ngrams
        >>> from zhnlp.mining.encode import encode_texts
        >>> trie = count_ngrams(encode_texts(["5G基站", "5G基站"]), min_count=2)
        >>> trie.words(find_texts(trie, ["５Ｇ基站", "基站"])), find_texts(trie, ["G基", "站基"]).tolist()
        (['5G基站', '基站'], [-1, -1])
    """
    encoder = Encoder(trie.alphabet.runs)
    ends = np.cumsum(np.fromiter((len(text) + 1 for text in texts), np.int64, len(texts))) - 1
    identities, starts = encoder.add("\n".join(texts), ends)
    index = trie.alphabet.index
    symbols = np.array([-1, -1] + [index.get(text, -1) for text in encoder.texts()[FIRST_SYMBOL:]], np.int64)
    identities = symbols[identities]
    stops = np.append(starts, identities.size)[1:]
    stops -= stops > starts  # the separator behind a text
    nodes = np.full(len(texts), -1, np.int64)
    _descend(identities, starts, stops, _edges(trie), nodes)
    return np.where((nodes >= 0) & (trie.count[nodes] >= trie.min_count), nodes, -1)


def match_counts(trie: Counted, other: Counted) -> np.ndarray:
    """How often every n-gram of ``trie`` occurs in the corpus of ``other``, (nodes,) int64; 0 below its ``min_count``.

    Example:
        >>> from zhnlp.mining.count import count_ngrams
        >>> from zhnlp.mining.encode import encode_texts
        >>> domain, general = (count_ngrams(encode_texts(t), min_count=1) for t in (["主变压器"], ["变压器变"]))
        >>> node = find_texts(domain, ["变压器", "主变"])
        >>> match_counts(domain, general)[node].tolist()
        [1, 0]
    """
    size = len(trie.alphabet)
    index = other.alphabet.index
    partner = np.full(trie.symbol.size, -1, np.int64)
    partner[FIRST_SYMBOL:size] = [index.get(text, -1) for text in trie.alphabet.texts[FIRST_SYMBOL:]]
    _match(_edges(trie), _edges(other), partner[:size].copy(), partner)
    counts = np.zeros(partner.size, np.int64)
    found = partner >= 0
    counts[found] = other.count[partner[found]]
    counts[counts < other.min_count] = 0
    return counts


def _edges(trie: Counted) -> Edges:
    return Edges(trie.symbol, trie.first_child, trie.children)
