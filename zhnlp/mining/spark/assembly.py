"""The grown parts become one trie on the driver, each node where counting on one machine puts it.

There, bigrams come in symbol order.  Behind them stand the deeper nodes: of a first symbol, the blocks of its bigrams
from the last to the first, where the block of an n-gram is its children, then their blocks from the last to the first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from zhnlp.mining.alphabet import Alphabet
from zhnlp.mining.kernel import Nodes
from zhnlp.mining.out_of_core.assembly import MOST_NODES
from zhnlp.mining.spark.grow import unpacked
from zhnlp.mining.spark.plan import Head
from zhnlp.mining.trie import Trie, link, place_nodes, place_roots, room_for_links


class PartSize(NamedTuple):
    """What must be known of a part before any node is placed."""

    head: int
    first: int
    n_bigrams: int
    n_deeper: int


class Place(NamedTuple):
    """Where the nodes of a part go."""

    row: int  # the node of its first symbol, where it has one first symbol only and this is no root; else -1
    bigrams: int
    deeper: int


class Layout:
    """Where every part and every child of a head goes.

    Args:
        heads: of the plan.
        parts: sizes of all parts.
        size: of the alphabet.
        min_count: for advice.

    Raises:
        ValueError: more nodes than 31 bits can number.
    """

    def __init__(self, heads: list[Head], parts: Iterable[PartSize], size: int, min_count: int):
        self.heads = heads
        self._parts: dict[int, dict[int, PartSize]] = {}
        for part in parts:
            self._parts.setdefault(part.head, {})[part.first] = part
        self.places: dict[tuple[int, int], Place] = {}
        self.children: dict[int, int] = {}  # head → node of its first child
        of_root = self._parts.get(0, {})
        n_bigrams = sum(part.n_bigrams for part in of_root.values())
        n_bigrams += sum(heads[head].children.size for head in heads[0].heads.values())
        at_bigram, self._at = size, size + n_bigrams
        for symbol in sorted(of_root.keys() | heads[0].heads.keys()):
            if symbol in of_root:
                part = of_root[symbol]
                self.places[0, symbol] = Place(-1, at_bigram, self._at)
                at_bigram += part.n_bigrams
                self._at += part.n_deeper
            else:
                number = heads[0].heads[symbol]
                self.children[number] = at_bigram
                at_bigram += heads[number].children.size
                self._blocks(number)
        self.total = self._at
        if self.total > MOST_NODES:
            raise ValueError(
                f"min_count={min_count} gives {self.total:,} n-grams, more than the {MOST_NODES:,} that a trie can number: "
                f"raise min_count (about {min_count * (self.total // MOST_NODES + 1)} would do)"
            )

    def _blocks(self, number: int) -> None:
        """Place the blocks of the children of a head, from the last to the first."""
        head = self.heads[number]
        row = self.children[number]
        for at in range(head.children.size - 1, -1, -1):
            symbol = int(head.children[at])
            if symbol in head.heads:
                child = head.heads[symbol]
                self.children[child] = self._at
                self._at += self.heads[child].children.size
                self._blocks(child)
            else:
                part = self._parts[number][symbol]
                self.places[number, symbol] = Place(row + at, self._at, self._at + part.n_bigrams)
                self._at += part.n_bigrams + part.n_deeper


def assemble_grown(
    alphabet: Alphabet,
    max_length: int,
    min_count: int,
    entropies: np.ndarray,
    heads: list[Head],
    sizes: Iterable[PartSize],
    parts: Iterable[dict],
    threads: int,
) -> Trie:
    """The linked trie.

    Args:
        entropies: (2, K) left and right of single symbols.
        heads: of the plan; none with children where ``max_length`` is 1.
        sizes: of all parts.
        parts: rows `PARTS`, in any order, read once.
    """
    size = len(alphabet)
    layout = Layout(heads, sizes, size, min_count)
    columns = Nodes(*(np.zeros(layout.total, column.dtype) for column in Nodes.empty(0)))
    if alphabet.counts.max(initial=0) >= 1 << 32:  # only then, so that the arrays are those of one machine
        columns = columns._replace(count=np.zeros(layout.total, np.int64))
    roots = Nodes(*(column[:size].copy() for column in columns))
    frequent = alphabet.counts >= min_count
    frequent[:2] = False
    roots.count[:] = alphabet.counts
    roots.left_entropy[frequent], roots.right_entropy[frequent] = entropies[:, frequent]
    for row in parts:
        key = row["head"], row["first"]
        place = layout.places[key]
        firsts = np.frombuffer(row["firsts"], np.int64)
        own = unpacked(row["roots"], firsts.size)
        bigrams, deeper = unpacked(row["bigrams"], row["n_bigrams"]), unpacked(row["deeper"], row["n_deeper"])
        shift = place.deeper - row["split"]
        place_nodes(columns, bigrams, place.bigrams, shift)
        place_nodes(columns, deeper, place.deeper, shift)
        if place.row < 0:
            roots.first_child[firsts] = own.first_child + np.uint32(place.bigrams)
            roots.children[firsts] = own.children
        else:
            place_nodes(columns, own._replace(symbol=firsts.astype(np.uint16)), place.row, place.bigrams)
    place_roots(columns, roots)
    for number, head in enumerate(heads[1:], 1):
        first, n = layout.children[number], head.children.size
        for symbol, child in head.heads.items():
            row = first + int(np.searchsorted(head.children, symbol))
            _place_head(columns, row, heads[child], layout.children[child])
        if head.depth == 1:
            columns.first_child[head.symbol] = first if n else 0
            columns.children[head.symbol] = n
    links = room_for_links(columns.symbol.size)
    return link(Trie(alphabet, max_length, min_count, *columns, *links), threads)


def _place_head(columns: Nodes, row: int, head: Head, first_child: int) -> None:
    columns.symbol[row] = head.symbol
    columns.count[row] = head.count
    columns.left_entropy[row], columns.right_entropy[row] = head.left_entropy, head.right_entropy
    columns.children[row] = head.children.size
    columns.first_child[row] = first_child if head.children.size else 0
