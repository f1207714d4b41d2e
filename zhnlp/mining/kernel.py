"""The counting kernel: a pruned, truncated MSD-radix trie over a sequence of 16-bit symbols.

Every n-gram of symbols >= 2 with at least ``min_count`` occurrences becomes a node that knows its exact count
and the entropies (nats) of the symbols to its left and right.  A separator counts as one neighbour symbol.
Pruning is exact: an n-gram cannot be more frequent than its prefix.

Positions are sorted by first symbol.  For each first symbol, its occurrences are gathered as short records (the
symbols behind the second, then the left neighbour), which is the only time the text is read at random.  Then it
goes depth first: one pass over a node's records fills two histograms, from which come both entropies and the
children; a second pass moves the records of surviving children together.  Two record buffers take turns.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from zhnlp.mining.jit import compiled
from zhnlp.mining.neighbours import histogram_entropy, n_log_n_table


class Nodes(NamedTuple):
    """Columns of trie nodes, one entry a node."""

    symbol: np.ndarray  # uint16, last symbol of the n-gram
    count: np.ndarray  # uint32
    first_child: np.ndarray  # uint32, children stand together, in rising symbol order
    children: np.ndarray  # uint16, how many
    left_entropy: np.ndarray  # float32, nats
    right_entropy: np.ndarray  # float32, nats

    @classmethod
    def empty(cls, size: int) -> Nodes:
        """Room for ``size`` nodes; untouched pages cost no memory."""
        kinds = np.uint16, np.uint32, np.uint32, np.uint16, np.float32, np.float32
        return cls(*(np.empty(size, kind) for kind in kinds))

    def take(self, start: int, stop: int) -> Nodes:
        """A copy of the nodes from ``start`` to ``stop``."""
        return Nodes(*(column[start:stop].copy() for column in self))


class Scratch(NamedTuple):
    """Working memory of one thread."""

    records: np.ndarray  # (2 · capacity · width / 4,) uint64: two buffers of records
    stack: np.ndarray  # (F, 5) int64: node, begin, end, depth, buffer
    left: np.ndarray  # (65536,) int32 histogram, all zero between nodes
    right: np.ndarray  # likewise
    left_seen: np.ndarray  # (65537,) uint16
    right_seen: np.ndarray  # likewise
    kept: np.ndarray  # (65536,) uint16, surviving right symbols
    place: np.ndarray  # (65536,) int64, where the next record of a symbol goes
    seconds: np.ndarray  # (capacity,) uint16, second symbols of the occurrences of a first one
    n_log_n: np.ndarray  # (LOG_TABLE,) int64

    @classmethod
    def make(cls, capacity: int, min_count: int, width: int) -> Scratch:
        """Working memory for first symbols with at most ``capacity`` occurrences."""
        return cls(
            records=np.empty(2 * max(capacity, 1) * (width // 4), np.uint64),
            stack=np.empty((capacity // min_count + 2, 5), np.int64),
            left=np.zeros(1 << 16, np.int32),
            right=np.zeros(1 << 16, np.int32),
            left_seen=np.empty((1 << 16) + 1, np.uint16),
            right_seen=np.empty((1 << 16) + 1, np.uint16),
            kept=np.empty(1 << 16, np.uint16),
            place=np.empty(1 << 16, np.int64),
            seconds=np.empty(max(capacity, 1), np.uint16),
            n_log_n=n_log_n_table(),
        )


@compiled
def count_symbols(symbols, size):
    """How often each of ``size`` symbols occurs, int64."""
    counts = np.zeros(size, np.int64)
    for i in range(symbols.size):
        counts[symbols[i]] += 1
    return counts


@compiled
def sort_positions(symbols, begin, end, step, place, positions):
    """Write every ``step``-th position from ``begin`` to ``place`` of its symbol, in rising order; 0 and 1 are left out."""
    for i in range(begin, end, step):
        symbol = symbols[i]
        if symbol >= 2:
            at = place[symbol]
            positions[at] = i
            place[symbol] = at + 1


@compiled
def _clear(histogram, seen, size):
    for i in range(size):
        histogram[seen[i]] = 0


@compiled
def _keep(histogram, seen, size, min_count, kept):
    """Put the seen word symbols with ``min_count`` or more into ``kept``, rising; zero all others."""
    n = 0
    for i in range(size):
        symbol = seen[i]
        if histogram[symbol] >= min_count and symbol >= 2:
            kept[n] = symbol
            n += 1
        else:
            histogram[symbol] = 0
    if n > 32:
        kept[:n].sort()
    else:
        for i in range(1, n):
            symbol = kept[i]
            j = i
            while j > 0 and kept[j - 1] > symbol:
                kept[j] = kept[j - 1]
                j -= 1
            kept[j] = symbol
    return n


@cache
def grower(width: int):
    """The compiled `grow` for records of ``width`` symbols (a multiple of 4, at least ``max_length``)."""
    words = width // 4
    last = width - 1

    @compiled
    def grow(symbols, positions, bounds, firsts, max_length, min_count, roots, nodes, split, scratch):
        """Grow the subtrees of ``firsts`` and return how many (bigram, deeper) nodes were made.

        The occurrences of first symbol c are ``positions[bounds[c]:bounds[c + 1]]``.  Node c of ``roots`` gets the
        statistics of c itself and the place of its bigrams; these go to ``nodes[0:]``, deeper nodes to ``nodes[split:]``.
        """
        records64 = scratch.records
        records = records64.view(np.uint16)
        capacity = records64.size // (2 * words)
        stack, left, right = scratch.stack, scratch.left, scratch.right
        left_seen, right_seen, kept, place = (
            scratch.left_seen,
            scratch.right_seen,
            scratch.kept,
            scratch.place,
        )
        seconds, n_log_n = scratch.seconds, scratch.n_log_n
        bigrams = 0
        deeper = split
        for f in range(firsts.size):
            c = firsts[f]
            begin, end = bounds[c], bounds[c + 1]
            total = end - begin
            roots.count[c] = total
            roots.children[c] = 0
            if total < min_count:
                continue
            n_left = 0
            n_right = 0
            r = capacity * width
            for i in range(begin, end):
                p = positions[i]
                a = symbols[p - 1]
                b = symbols[p + 1]
                for q in range(last):
                    records[r + q] = symbols[p + 2 + q]
                records[r + last] = a
                seconds[i - begin] = b
                r += width
                left_seen[n_left] = a
                n_left += left[a] == 0
                left[a] += 1
                right_seen[n_right] = b
                n_right += right[b] == 0
                right[b] += 1
            roots.left_entropy[c] = histogram_entropy(left, left_seen, n_left, total, n_log_n)
            roots.right_entropy[c] = histogram_entropy(right, right_seen, n_right, total, n_log_n)
            _clear(left, left_seen, n_left)
            if max_length == 1:
                _clear(right, right_seen, n_right)
                continue
            n = _keep(right, right_seen, n_right, min_count, kept)
            roots.first_child[c] = bigrams
            roots.children[c] = n
            top = 0
            at = 0
            for i in range(n):
                b = kept[i]
                size = right[b]
                nodes.symbol[bigrams] = b
                nodes.count[bigrams] = size
                place[b] = at
                stack[top, 0] = bigrams
                stack[top, 1] = at
                stack[top, 2] = at + size
                stack[top, 3] = 2
                stack[top, 4] = 0
                top += 1
                at += size
                bigrams += 1
            if n > 0:
                for i in range(total):
                    b = seconds[i]
                    if right[b] > 0:
                        r = place[b]
                        place[b] = r + 1
                        for q in range(words):
                            records64[r * words + q] = records64[(capacity + i) * words + q]
            _clear(right, kept, n)
            while top > 0:
                top -= 1
                node = stack[top, 0]
                begin = stack[top, 1]
                end = stack[top, 2]
                depth = stack[top, 3]
                buffer = stack[top, 4]
                base = buffer * capacity
                column = depth - 2
                total = end - begin
                n_left = 0
                n_right = 0
                for r in range((base + begin) * width, (base + end) * width, width):
                    b = records[r + column]
                    a = records[r + last]
                    right_seen[n_right] = b
                    n_right += right[b] == 0
                    right[b] += 1
                    left_seen[n_left] = a
                    n_left += left[a] == 0
                    left[a] += 1
                nodes.left_entropy[node] = histogram_entropy(left, left_seen, n_left, total, n_log_n)
                nodes.right_entropy[node] = histogram_entropy(right, right_seen, n_right, total, n_log_n)
                _clear(left, left_seen, n_left)
                if depth == max_length:
                    _clear(right, right_seen, n_right)
                    nodes.children[node] = 0
                    continue
                n = _keep(right, right_seen, n_right, min_count, kept)
                nodes.first_child[node] = deeper
                nodes.children[node] = n
                if n == 0:
                    continue
                if n == 1 and right[kept[0]] == total:  # every record goes on: nothing has to move
                    nodes.symbol[deeper] = kept[0]
                    nodes.count[deeper] = total
                    right[kept[0]] = 0
                    stack[top, 0] = deeper
                    stack[top, 1] = begin
                    stack[top, 2] = end
                    stack[top, 3] = depth + 1
                    stack[top, 4] = buffer
                    top += 1
                    deeper += 1
                    continue
                at = begin
                other = (1 - buffer) * capacity
                for i in range(n):
                    b = kept[i]
                    size = right[b]
                    nodes.symbol[deeper] = b
                    nodes.count[deeper] = size
                    place[b] = other + at
                    stack[top, 0] = deeper
                    stack[top, 1] = at
                    stack[top, 2] = at + size
                    stack[top, 3] = depth + 1
                    stack[top, 4] = 1 - buffer
                    top += 1
                    at += size
                    deeper += 1
                for i in range(base + begin, base + end):
                    b = records[i * width + column]
                    if right[b] > 0:
                        r = place[b]
                        place[b] = r + 1
                        for q in range(words):
                            records64[r * words + q] = records64[i * words + q]
                _clear(right, kept, n)
        return bigrams, deeper - split

    return grow
