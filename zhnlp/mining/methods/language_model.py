"""Segmentation by a character language model alone: tags b, c, d, e and Viterbi (post 3956).

A symbol is the first (b), second (c), third (d) or a later (e) one of its word.  Tag b is scored by p(s), c by
p(s | 1 before), d by p(s | 2 before), e by p(s | 3 before), from the exact counts of the trie; an unseen n-gram backs
off to the next shorter one at a price.  Only the eight transitions of the post are allowed, at its weights.

Source: 苏剑林, https://kexue.fm/archives/3956
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from zhnlp.mining.encode import Symbols
from zhnlp.mining.jit import compiled
from zhnlp.mining.join import Edges, next_node
from zhnlp.mining.methods.base import Candidates, Method, Verdicts, check_at_least, numeric, word_like
from zhnlp.mining.progress import Progress
from zhnlp.mining.trie import Trie
from zhnlp.mining.workers import Tallies, walk

_STRETCH = 4096  # symbols tagged at a time where no separator comes earlier
TRANSITIONS = {  # weights of the post; every other transition is impossible
    "bb": 1.0,
    "bc": 0.15,
    "cb": 1.0,
    "cd": 0.01,
    "db": 1.0,
    "de": 0.01,
    "eb": 1.0,
    "ee": 0.001,
}


def transition_table() -> np.ndarray:
    """log10 weights of the allowed transitions between b, c, d and e, (4, 4); -inf for all others."""
    table = np.full((4, 4), -np.inf)
    for (before, after), weight in ((tuple(pair), weight) for pair, weight in TRANSITIONS.items()):
        table["bcde".index(before), "bcde".index(after)] = np.log10(weight)
    return table


@compiled
def emissions(symbols, begin, end, count, edges, total, backoff, out):
    """log10 p(symbol | 0, 1, 2, 3 symbols before) for ``symbols[begin:end]``, which hold no separator, (n, 4)."""
    nodes = np.full(3, -1, np.int64)  # the n-grams of 1, 2, 3 symbols that end before position i
    grown = np.empty(3, np.int64)
    for i in range(begin, end):
        symbol = symbols[i]
        score = np.log10(max(np.float64(count[symbol]), 0.5) / total)
        out[i - begin, 0] = score
        grown[0] = symbol
        for k in range(3):
            child = np.int64(-1)
            if nodes[k] >= 0:
                child = next_node(edges, nodes[k], symbol)
            if child >= 0:
                score = np.log10(np.float64(count[child]) / count[nodes[k]])
            else:
                score += backoff
            out[i - begin, k + 1] = score
            if k < 2:
                grown[k + 1] = child
        nodes[:] = grown


@compiled
def best_tags(scores, n, moves, value, back, tags):
    """Viterbi over (n, 4) ``scores`` and (4, 4) ``moves``; fills ``tags[:n]`` and returns the best total (log10)."""
    value[0, 0] = scores[0, 0]
    value[0, 1:] = -np.inf
    for i in range(1, n):
        for tag in range(4):
            best = -np.inf
            origin = 0
            for before in range(4):
                here = value[i - 1, before] + moves[before, tag]
                if here > best:
                    best = here
                    origin = before
            value[i, tag] = best + scores[i, tag]
            back[i, tag] = origin
    tag = np.argmax(value[n - 1])
    total = value[n - 1, tag]
    for i in range(n - 1, -1, -1):
        tags[i] = tag
        tag = back[i, tag]
    return total


@compiled
def _tag_and_count(symbols, begin, end, count, edges, total, backoff, moves, max_length, segments):
    scores = np.empty((_STRETCH, 4), np.float64)
    value = np.empty((_STRETCH, 4), np.float64)
    back = np.empty((_STRETCH, 4), np.int8)
    tags = np.empty(_STRETCH, np.int8)
    unlisted = 0
    at = begin
    while at < end:
        if symbols[at] < 2:
            at += 1
            continue
        stop = at
        while stop < end and symbols[stop] >= 2 and stop - at < _STRETCH:
            stop += 1
        n = stop - at
        emissions(symbols, at, stop, count, edges, total, backoff, scores)
        best_tags(scores, n, moves, value, back, tags)
        i = 0
        while i < n:
            j = i + 1
            node = np.int64(symbols[at + i])
            while j < n and tags[j] != 0:
                if node >= 0 and j - i < max_length:
                    node = next_node(edges, node, symbols[at + j])
                else:
                    node = -1
                j += 1
            if node >= 0:
                segments[node] += 1
            else:
                unlisted += 1
            i = j
        at = stop
    return unlisted


def _tag(
    symbols: Symbols,
    count: np.ndarray,
    edges: Edges,
    total: float,
    backoff: float,
    max_length: int,
    *,
    threads: int,
    progress: Progress | None,
) -> tuple[np.ndarray, int]:
    moves = transition_table()
    tallies = Tallies(count.size, np.uint32)

    def job(begin, end, document):
        options = total, backoff, moves, max_length
        return _tag_and_count(symbols.array, begin, end, count, edges, *options, tallies.mine())

    unlisted = sum(walk(symbols, job, threads=threads, progress=progress))
    return tallies.total(), unlisted


@dataclass(frozen=True)
class LanguageModel(Method):
    """Options of the language-model method.

    Args:
        backoff: log10 price of each step from an unseen n-gram to the next shorter one, at most 0.
        min_segments: occurrences as a segment that a word needs; None takes min_count.
    """

    name: ClassVar[str] = "lm"

    backoff: float = -0.4
    min_segments: int | None = None

    def __post_init__(self) -> None:
        if self.backoff > 0:
            raise ValueError(f"backoff={self.backoff} is not possible: expected a log10 price of at most 0")

        check_at_least(self.min_segments, 0, "min_segments")

    def find(self, symbols: Symbols, trie: Trie, *, threads: int, progress: Progress) -> Candidates:
        """Judge every segment of the tagged corpus."""
        frame = trie.count, Edges(trie.symbol, trie.first_child, trie.children)
        options = float(trie.total), self.backoff, trie.max_length
        with progress.stage("tag", symbols.size):
            segments, unlisted = symbols.sum_over(_tag, *frame, *options, threads=threads, progress=progress)
        nodes = np.flatnonzero(segments)
        nodes = nodes[(nodes >= 2) & word_like(trie, nodes)]
        verdicts = Verdicts(nodes)
        verdicts.reject(numeric(trie, nodes), "a number and at most its unit")
        needed = trie.min_count if self.min_segments is None else self.min_segments
        verdicts.reject(segments[nodes] < needed, "rarely a segment of its own")
        return verdicts.candidates(segments, unlisted)
