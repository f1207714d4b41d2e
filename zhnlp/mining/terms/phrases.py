"""Candidate terms: n-grams that begin and end where the corpus, cut into words, has its borders.

A term is often several words (命名|空间, 建设|用地), so word discovery alone misses it.  The corpus is cut into the
words of the general dictionary and the mined words by least information; an n-gram counts as a phrase as often as
both of its ends are borders of that cut.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np

from zhnlp.mining.alphabet import FIRST_SYMBOL
from zhnlp.mining.encode import Symbols
from zhnlp.mining.jit import compiled
from zhnlp.mining.join import FREQUENT, Edges, Transitions, next_node, transitions
from zhnlp.mining.progress import Progress
from zhnlp.mining.terms.lexicon import Lexicon
from zhnlp.mining.trie import Trie
from zhnlp.mining.viterbi import STRETCH, cut_stretch
from zhnlp.mining.workers import split_range, walk, work


class Cuts(NamedTuple):
    """How candidates fall into units."""

    units: np.ndarray  # (M,) int64, number of units
    first: np.ndarray  # (M,) int64, node of the first unit
    last: np.ndarray  # (M,) int64, node of the last unit


class Phrases(NamedTuple):
    """Where each n-gram is a phrase: both of its ends are borders of the cut corpus."""

    counts: np.ndarray  # (nodes,) int64, occurrences
    documents: np.ndarray  # (nodes,) int64, documents with such an occurrence
    first: np.ndarray  # (nodes,) int64, number of the first of them; -1 for none


_COUNT, _DOCUMENTS, _FIRST, _LAST = range(4)  # columns of a thread's tally, side by side since read together


@compiled
def _count_phrases(
    symbols, begin, end, starts, shift, document, table, weight, longest, edges, bigrams, max_length, tally
):
    best = np.empty(STRETCH + 1, np.float64)
    via = np.empty(STRETCH + 1, np.int64)
    size = np.empty(STRETCH + 1, np.int64)
    borders = np.empty(STRETCH + 2, np.int64)
    frequent = bigrams.shape[0]
    at = begin
    while at < end:
        if symbols[at] == 0:
            at += 1
            continue
        stop = at
        while stop < end and symbols[stop] != 0 and stop - at < STRETCH:
            stop += 1
        while document + 1 < starts.size and starts[document + 1] + shift <= at:
            document += 1
        cut_stretch(symbols, at, stop - at, table, weight, longest, best, via, size)
        n = STRETCH + 1  # borders from the end of the array, rising: the last one is ``stop``
        i = stop - at
        borders[n] = stop
        while i > 0:
            i -= size[i]
            n -= 1
            borders[n] = at + i
        for a in range(n, STRETCH + 1):
            i = borders[a]
            node = np.int64(symbols[i])
            b = a + 1
            j = i + 1
            while node >= 2:
                if j == borders[b]:
                    tally[node, _COUNT] += 1
                    if tally[node, _LAST] != document:
                        tally[node, _LAST] = document
                        tally[node, _DOCUMENTS] += 1
                        if tally[node, _FIRST] < 0 or document < tally[node, _FIRST]:
                            tally[node, _FIRST] = document
                    b += 1
                if j == stop or j - i == max_length:
                    break
                symbol = symbols[j]
                if j == i + 1 and node < frequent and symbol < frequent:
                    node = np.int64(bigrams[node, symbol])
                else:
                    node = next_node(edges, node, symbol)
                j += 1
        at = stop


def _phrases(
    symbols: Symbols,
    table: Transitions,
    weights: np.ndarray,
    longest: int,
    edges: Edges,
    bigrams: np.ndarray,
    max_length: int,
    *,
    threads: int,
    progress: Progress | None,
) -> Phrases:
    own = threading.local()
    tallies: list[np.ndarray] = []

    def job(begin, end, document):
        if not hasattr(own, "tally"):
            own.tally = np.zeros((weights.size, 4), np.int32)
            own.tally[:, _FIRST:] = -1
            tallies.append(own.tally)
        where = symbols.array, begin, end, symbols.starts, symbols.span[0], document
        _count_phrases(*where, table, weights, longest, edges, bigrams, max_length, own.tally)

    for _ in walk(symbols, job, threads=threads, progress=progress):
        pass
    counts, documents = (np.zeros(weights.size, np.int64) for _ in range(2))
    first = np.full(weights.size, -1, np.int64)
    for tally in tallies:
        counts += tally[:, _COUNT]
        documents += tally[:, _DOCUMENTS]
        earlier = (tally[:, _FIRST] >= 0) & ((first < 0) | (tally[:, _FIRST] < first))
        first[earlier] = tally[earlier, _FIRST]
    return Phrases(counts, documents, first)


def count_phrases(
    symbols: Symbols,
    trie: Trie,
    lexicon: Lexicon,
    *,
    threads: int = 1,
    progress: Progress | None = None,
) -> Phrases:
    """How often, in how many documents and where first each n-gram begins and ends at borders of the cut corpus.

    Example:
        >>> from zhnlp.mining.count import count_ngrams
        >>> from zhnlp.mining.encode import encode_texts
        >>> from zhnlp.mining.lookup import find_texts
        >>> from zhnlp.mining.terms.lexicon import make_lexicon
        >>> symbols = encode_texts(["命名空间，空间命名"])
        >>> trie = count_ngrams(symbols, min_count=1)
        >>> lexicon = make_lexicon(symbols, trie, find_texts(trie, ["命名", "空间"]))
        >>> count_phrases(symbols, trie, lexicon).counts[find_texts(trie, ["命名空间", "名空间"])].tolist()
        [1, 0]
    """
    chosen = np.zeros(len(trie), np.bool_)
    chosen[lexicon.nodes] = True
    longest = int(trie.depth[lexicon.nodes].max(initial=1))
    edges = Edges(trie.symbol, trie.first_child, trie.children)
    frame = (
        transitions(trie, chosen),
        lexicon.weights,
        longest,
        edges,
        _frequent_bigrams(trie),
        trie.max_length,
    )
    return Phrases(*symbols.sum_over(_phrases, *frame, threads=threads, progress=progress, least=(2,)))


def _frequent_bigrams(trie: Trie) -> np.ndarray:
    """The nodes of pairs of frequent symbols (identities go by falling count), -1 for none, (K, K) int32."""
    size = min(FREQUENT, len(trie.alphabet))
    table = np.full((size, size), -1, np.int32)
    pairs = np.flatnonzero(trie.depth == 2)
    pairs = pairs[(trie.parent[pairs] < size) & (trie.symbol[pairs] < size)]
    table[trie.parent[pairs], trie.symbol[pairs]] = pairs
    return table


@compiled
def _cut_paths(paths, lengths, weight, edges, begin, end, units, first, last):
    n = paths.shape[1]
    best = np.empty(n + 1, np.float64)
    size = np.empty(n + 1, np.int64)
    via = np.empty(n + 1, np.int64)
    for k in range(begin, end):
        length = lengths[k]
        best[0] = 0.0
        best[1:] = -np.inf
        for i in range(length):
            node = np.int64(paths[k, i])
            for j in range(i + 1, length + 1):
                value = best[i] + weight[node]
                if value > best[j]:
                    best[j] = value
                    size[j] = j - i
                    via[j] = node
                if j < length:
                    node = next_node(edges, node, paths[k, j])
        last[k] = via[length]
        i = length
        while i > 0:
            units[k] += 1
            first[k] = via[i]
            i -= size[i]


def cut_nodes(trie: Trie, nodes: np.ndarray, lexicon: Lexicon, *, threads: int = 1) -> Cuts:
    """Cut each of ``nodes`` by itself into units of the lexicon with least information."""
    units, first, last = (np.zeros(nodes.size, np.int64) for _ in range(3))
    edges = Edges(trie.symbol, trie.first_child, trie.children)
    frame = trie.paths(nodes), trie.depth[nodes].astype(np.int64), lexicon.weights, edges
    jobs = [
        (*frame, begin, end, units, first, last) for begin, end in split_range(0, nodes.size, 8 * threads)
    ]
    work(_cut_paths, jobs if nodes.size else [], threads)
    return Cuts(units, first, last)


def candidate_phrases(trie: Trie, counts: np.ndarray, *, least_share: float = 0.3) -> np.ndarray:
    """Nodes that can be terms, rising: two symbols or more, no number, often enough a phrase.

    Args:
        counts: (nodes,) of `count_phrases`.
        least_share: least share of the occurrences at which the n-gram is a phrase (0-1).
    """
    words = np.flatnonzero(
        (trie.depth > 1)
        & (trie.count >= trie.min_count)
        & (counts >= least_share * trie.count)
        & (counts > 0)
    )
    bad = trie.alphabet.is_number.copy()
    bad[:FIRST_SYMBOL] = True
    unwanted = np.zeros(len(trie), np.bool_)
    unwanted[: bad.size] = bad
    _inherit(unwanted, bad, trie.symbol, trie.parent)
    return words[~unwanted[words]]


@compiled
def _inherit(unwanted, bad, symbol, parent):
    for node in range(bad.size, unwanted.size):
        unwanted[node] = bad[symbol[node]] or unwanted[parent[node]]
