"""What is counted where: buckets of n-grams whose occurrences one task can hold, and heads, which are too large.

The empty n-gram is the first head; its children are the single symbols.  A child with more occurrences than a bucket
holds becomes a head itself and is cut by its next symbol, to any depth: in a terabyte of text 的 and 一个 occur
hundreds of millions of times.  The other children are packed into buckets in symbol order, each a slot in one.

Of heads the kernel sees no whole, so their counts, entropies and children come from `histograms`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from zhnlp.mining.alphabet import FIRST_SYMBOL
from zhnlp.mining.jit import compiled

ABSENT = -1  # of an edge: nothing is to be counted there


@dataclass
class Head:
    """An n-gram that is cut by its next symbol; ``children`` are those with min_count occurrences or more."""

    depth: int
    symbol: int
    count: int
    left_entropy: float = 0.0
    right_entropy: float = 0.0
    children: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))  # symbols, rising
    counts: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    heads: dict[int, int] = field(default_factory=dict)  # child symbol → number of its head


class Bucket(NamedTuple):
    """Consecutive slots of one head."""

    head: int
    depth: int  # of the head: the kernel counts what follows it
    first: int  # slot
    stop: int


class Edges(NamedTuple):
    """Where an occurrence goes, read symbol by symbol: a slot, or -2 - h for head h, or `ABSENT`."""

    root: np.ndarray  # (K,) int32, by the first symbol
    keys: np.ndarray  # (E,) uint64, rising: head << 16 | symbol
    values: np.ndarray  # (E,) int32


@compiled
def find_slot(symbols, at, edges):
    """(slot or what else stands there, symbols before the last one read) of the occurrence at ``at``."""
    value = np.int64(edges.root[symbols[at]])
    depth = 0
    while value < -1:
        depth += 1
        key = np.uint64(-2 - value) << np.uint64(16) | np.uint64(symbols[at + depth])
        low, high = 0, edges.keys.size
        while low < high:
            middle = (low + high) >> 1
            if edges.keys[middle] < key:
                low = middle + 1
            else:
                high = middle
        if low == edges.keys.size or edges.keys[low] != key:
            return np.int64(-1), depth
        value = np.int64(edges.values[low])
    return value, depth


class Plan:
    """Heads and buckets.

    Args:
        symbols: size of the alphabet.
        pairs: (P,) uint64, first << 16 | second of all frequent pairs, rising.
        counts: (P,) int64.
        capacity: occurrences that a bucket may hold.
        max_length: longest n-gram, 2 or more.
        symbol_counts: (K,) int64.
        entropies: (2, K) float64, left and right of single symbols.

    `pending` heads need their histograms before the plan is complete: `settle` them.
    """

    def __init__(
        self,
        symbols: int,
        pairs: np.ndarray,
        counts: np.ndarray,
        *,
        capacity: int,
        max_length: int,
        symbol_counts: np.ndarray,
        entropies: np.ndarray,
    ):
        self.capacity, self.max_length, self.size = capacity, max_length, symbols
        self.entropies = entropies
        firsts = (pairs >> np.uint64(16)).astype(np.int64)
        seconds = (pairs & np.uint64(0xFFFF)).astype(np.int64)
        self.row = np.searchsorted(firsts, np.arange(symbols + 1))  # pairs of each first symbol
        self.seconds = seconds.astype(np.uint16)
        self.heads = [Head(0, 0, 0)]
        sent = np.bincount(firsts, weights=counts, minlength=symbols).astype(np.int64)
        root = self.heads[0]
        root.children = np.flatnonzero(sent)
        root.counts = sent[root.children]  # occurrences that are followed by a frequent pair
        self.pending = []
        for symbol in root.children[root.counts > capacity].tolist():
            row = slice(self.row[symbol], self.row[symbol + 1])
            head = Head(1, symbol, int(symbol_counts[symbol]), *entropies[:, symbol].tolist())
            head.children, head.counts = seconds[row], counts[row]
            self._add(0, head)
            self._descend(len(self.heads) - 1)

    def _add(self, parent: int, head: Head) -> int:
        self.heads.append(head)
        self.heads[parent].heads[head.symbol] = len(self.heads) - 1
        return len(self.heads) - 1

    def _descend(self, number: int) -> None:
        """Make heads of the children of a head that are too large; their histograms are not known yet."""
        head = self.heads[number]
        for symbol, count in zip(head.children.tolist(), head.counts.tolist()):
            if count > self.capacity:
                self.pending.append(self._add(number, Head(head.depth + 1, symbol, count)))

    def settle(self, entropies: dict[int, tuple[float, float]], keys: np.ndarray, counts: np.ndarray) -> None:
        """Take the histograms of all pending heads; their large children are pending then.

        Args:
            entropies: number of a head → left and right.
            keys: (N,) uint64, head << 16 | child of frequent children, rising.
            counts: (N,) int64.
        """
        pending, self.pending = self.pending, []
        owners = (keys >> np.uint64(16)).astype(np.int64)
        for number in pending:
            head = self.heads[number]
            head.left_entropy, head.right_entropy = entropies[number]
            if head.depth == self.max_length:
                continue
            row = slice(*np.searchsorted(owners, [number, number + 1]))
            head.children = (keys[row] & np.uint64(0xFFFF)).astype(np.int64)
            head.counts = counts[row]
            self._descend(number)

    def buckets(self) -> tuple[list[Bucket], np.ndarray]:
        """The buckets, and the symbol of each slot, (slots,) uint16."""
        buckets, symbols = [], []
        for number, head in enumerate(self.heads):
            start, total = len(symbols), 0
            for symbol, count in zip(head.children.tolist(), head.counts.tolist()):
                if symbol in head.heads:
                    continue
                if total and total + count > self.capacity:
                    buckets.append(Bucket(number, head.depth, start, len(symbols)))
                    start, total = len(symbols), 0
                symbols.append(symbol)
                total += count
            if total:
                buckets.append(Bucket(number, head.depth, start, len(symbols)))
        return buckets, np.array(symbols, np.uint16)

    def edges(self, only_heads: bool = False) -> Edges:
        """Where occurrences go; ``only_heads`` leaves the slots out."""
        root = np.full(self.size, ABSENT, np.int32)
        keys, values, slot = [], [], 0
        for number, head in enumerate(self.heads):
            for symbol in head.children.tolist():
                value = -2 - head.heads[symbol] if symbol in head.heads else slot
                slot += value >= 0
                if only_heads and value >= 0:
                    continue
                if number == 0:
                    root[symbol] = value
                else:
                    keys.append(number << 16 | symbol)
                    values.append(value)
        order = np.argsort(np.array(keys, np.uint64))
        return Edges(root, np.array(keys, np.uint64)[order], np.array(values, np.int32)[order])


@compiled
def _pairs_of_heads(symbols, edges, wanted, left, right):
    n = 0
    for i in range(1, symbols.size):
        if symbols[i] < FIRST_SYMBOL:
            continue
        value = np.int64(edges.root[symbols[i]])
        depth = 1
        while value < -1:
            head = -2 - value
            follower = symbols[i + depth]
            if wanted[head]:
                left[n] = np.uint64(head) << np.uint64(16) | np.uint64(symbols[i - 1])
                right[n] = np.uint64(head) << np.uint64(16) | np.uint64(follower)
                n += 1
            key = np.uint64(head) << np.uint64(16) | np.uint64(follower)
            low = np.searchsorted(edges.keys, key)
            if low == edges.keys.size or edges.keys[low] != key:
                break
            value = np.int64(edges.values[low])
            depth += 1
    return n


class PairsOfHeads(NamedTuple):
    """For `count_neighbours`: the neighbours of the heads that are ``wanted``, (H,) bool; one level at a time."""

    edges: Edges
    wanted: np.ndarray

    def __call__(self, symbols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(left, right) neighbours as keys."""
        left, right = np.empty(symbols.size, np.uint64), np.empty(symbols.size, np.uint64)
        n = _pairs_of_heads(symbols, self.edges, self.wanted, left, right)
        return left[:n], right[:n]
