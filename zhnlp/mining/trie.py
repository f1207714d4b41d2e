"""The trie of frequent n-grams: what every discovery method reads its statistics from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from zhnlp.mining.alphabet import Alphabet
from zhnlp.mining.kernel import Nodes
from zhnlp.mining.links import describe, least_pmi, link_suffixes
from zhnlp.mining.workers import iterate, split_range

NONE = -1  # parent and suffix of the single symbols


@dataclass(eq=False)
class Trie:
    """Every n-gram with ``min_count`` occurrences or more, its exact statistics, and its links.

    Nodes 0 to K - 1 are the K symbols of the alphabet; then come all bigrams, then the longer n-grams.  Columns
    (one entry a node): ``symbol`` (the last one), ``count``, ``first_child`` and ``children`` (a contiguous range in
    rising symbol order), ``left_entropy`` and ``right_entropy`` (nats; a separator is one neighbour symbol),
    ``parent`` and ``suffix`` (the n-gram without its last, first symbol; -1 for single symbols), ``depth``
    (symbols), ``pmi`` (least over all splits, nats, with T = ``total``; infinite for single symbols).
    """

    alphabet: Alphabet
    max_length: int
    min_count: int
    symbol: np.ndarray
    count: np.ndarray
    first_child: np.ndarray
    children: np.ndarray
    left_entropy: np.ndarray
    right_entropy: np.ndarray
    parent: np.ndarray
    suffix: np.ndarray
    depth: np.ndarray
    pmi: np.ndarray

    @property
    def total(self) -> int:
        """T: the number of symbols in the corpus that are not separators."""
        return self.alphabet.total

    def __len__(self) -> int:
        return self.symbol.size

    def find(self, symbols: Sequence[int]) -> int:
        """The node of an n-gram, or -1 when it has fewer than ``min_count`` occurrences."""
        node = NONE
        for depth, symbol in enumerate(symbols):
            if depth == 0:
                node = int(symbol)
                if node >= len(self.alphabet) or self.count[node] < self.min_count:
                    return NONE
                continue
            first = int(self.first_child[node])
            row = self.symbol[first : first + int(self.children[node])]
            at = int(np.searchsorted(row, symbol))
            if at == row.size or row[at] != symbol:
                return NONE
            node = first + at
        return node

    def paths(self, nodes: np.ndarray) -> np.ndarray:
        """The symbols of n-grams, (M, max_length) uint16, filled with 0 behind the end of shorter ones."""
        nodes = np.asarray(nodes, np.int64)
        out = np.zeros((nodes.size, self.max_length), np.uint16)
        current = nodes.copy()
        at = self.depth[nodes].astype(np.int64) - 1
        rows = np.arange(nodes.size)
        while rows.size:
            out[rows, at[rows]] = self.symbol[current[rows]]
            current[rows] = self.parent[current[rows]]
            at[rows] -= 1
            rows = rows[at[rows] >= 0]
        return out

    def words(self, nodes: np.ndarray) -> list[str]:
        """The texts of n-grams."""
        texts = self.alphabet.texts
        rows = self.paths(nodes).tolist()
        return ["".join([texts[s] for s in row if s]) for row in rows]


def assemble(
    alphabet: Alphabet, max_length: int, min_count: int, roots: Nodes, parts: list[tuple], threads: int
) -> Trie:
    """Join grown parts into one trie, then link it.

    Each part is (first symbols, bigram nodes, deeper nodes, split): children of its nodes are numbered from
    ``split``, those of ``roots[first symbols]`` from 0.  Parts are emptied on the way, to save memory.
    """
    size = len(alphabet)
    n_bigrams = sum(part[1].symbol.size for part in parts)
    n_deeper = sum(part[2].symbol.size for part in parts)
    columns = Nodes(*(np.zeros(size + n_bigrams + n_deeper, column.dtype) for column in roots))
    at_bigram, at_deeper = size, size + n_bigrams
    for number, (firsts, bigrams, deeper, split) in enumerate(parts):
        roots.first_child[firsts] += np.uint32(at_bigram)
        shift = at_deeper - split
        place_nodes(columns, bigrams, at_bigram, shift)
        place_nodes(columns, deeper, at_deeper, shift)
        at_bigram += bigrams.symbol.size
        at_deeper += deeper.symbol.size
        parts[number] = None
    place_roots(columns, roots)
    return link(
        Trie(alphabet, max_length, min_count, *columns, *room_for_links(columns.symbol.size)), threads
    )


def place_nodes(columns: Nodes, nodes: Nodes, at: int, shift: int) -> None:
    """Put grown nodes at ``at``; the numbers of their children rise by ``shift``, and are 0 where there are none."""
    stop = at + nodes.symbol.size
    for column, values in zip(columns, nodes):
        column[at:stop] = values
    first_child = columns.first_child[at:stop]
    first_child += np.array(shift).astype(np.uint32)  # modulo 2^32, so a negative shift is right as well
    first_child[nodes.children == 0] = 0


def place_roots(columns: Nodes, roots: Nodes) -> None:
    """Put the single symbols at the beginning."""
    size = roots.symbol.size
    for column, values in zip(columns, roots):
        column[:size] = values
    columns.first_child[:size][roots.children == 0] = 0
    columns.symbol[:size] = np.arange(size)


def room_for_links(size: int) -> tuple[np.ndarray, ...]:
    """Empty parent, suffix, depth and PMI columns."""
    parent = np.full(size, NONE, np.int32)
    suffix = np.full(size, NONE, np.int32)
    return parent, suffix, np.ones(size, np.uint8), np.full(size, np.inf, np.float32)


def link(trie: Trie, threads: int, rest: Callable[[], None] = lambda: None) -> Trie:
    """Fill parent, suffix, depth and PMI; parents stand before children, so one rising pass each is enough.

    ``rest`` is called now and then, so that columns that are mapped from disk can give memory back.
    """
    size = len(trie.alphabet)
    describe(trie.first_child, trie.children, trie.parent, trie.depth)
    rest()
    bigrams = trie.depth == 2
    trie.suffix[bigrams] = trie.symbol[bigrams]
    ranges = split_range(size, len(trie), 64)
    for begin, end in ranges:
        link_suffixes(trie.symbol, trie.first_child, trie.children, trie.suffix, begin, end)
        rest()
    jobs = [
        (trie.count, trie.parent, trie.suffix, float(trie.total), begin, end, trie.pmi)
        for begin, end in ranges
    ]
    for _ in iterate(least_pmi, jobs, threads):
        rest()
    return trie
