"""Which units of the segmented corpus stand near each other: integer counts, so that threads and parts cannot matter.

The corpus is cut as `zhnlp.mining.viterbi.segment_corpus` cuts it.  Two units at a distance of d units (1 … window)
count window + 1 - d, which is what the randomly shrunk window of word2vec expects, times the window.  Units outside
the vocabulary are left out before distances are taken.  A window reaches over punctuation, but never into another document.

A pair (i, j) of units i <= j is the key i · V + j; parts of a corpus give rising keys with their counts, and parts add
up.  Memory is that of the distinct pairs, 16 bytes each, and of one stretch of the corpus a thread.

Source: Levy, Goldberg and Dagan 2015, Improving Distributional Similarity with Lessons Learned from Word Embeddings
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from zhnlp.mining.encode import PADDING, Symbols
from zhnlp.mining.jit import compiled
from zhnlp.mining.join import Transitions, transitions
from zhnlp.mining.progress import Progress
from zhnlp.mining.sparse_counts import SparseCounts
from zhnlp.mining.trie import Trie
from zhnlp.mining.viterbi import STRETCH, cut_stretch
from zhnlp.mining.workers import walk

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MAX_WINDOW = 127  # units; weights of pairs then fit a byte
_OUTSIDE = -1  # place of a unit outside the vocabulary; -2 among the units ends a document


class PairCounts(SparseCounts):
    """Counts of unordered pairs of V things: the pair i <= j has the number i · V + j."""

    @property
    def size(self) -> int:
        """V."""
        return math.isqrt(self.length)

    def matrix(self) -> csr_matrix:
        """The counts as a symmetric (V, V) int64 matrix; a thing beside itself counts for both of them."""
        from scipy.sparse import coo_matrix

        left, right = np.divmod(self.keys, max(self.size, 1))
        half = coo_matrix((self.counts, (left, right)), shape=(self.size, self.size)).tocsr()
        return half + half.T


def choose_vocabulary(
    trie: Trie, unit_counts: np.ndarray, *, limit: int = 30_000, min_count: int = 5
) -> np.ndarray:
    """The most frequent units, (V,) int64, by falling count; symbols that stand for nothing are left out.

    Args:
        unit_counts: (nodes,) from `zhnlp.mining.viterbi.segment_corpus`.
        limit: most units (2 or more).
        min_count: least occurrences as a unit (1 or more).

    Raises:
        ValueError: an argument is out of its range.
    """
    if limit < 2 or min_count < 1:
        raise ValueError(
            f"limit={limit}, min_count={min_count} is not possible: expected a limit of 2 or more units, and a "
            "min_count of 1 or more"
        )
    nodes = np.flatnonzero(unit_counts >= min_count)
    is_number = trie.alphabet.is_number.copy()
    is_number[:2] = True  # separator, unknown
    nodes = nodes[~((nodes < is_number.size) & is_number[np.minimum(nodes, is_number.size - 1)])]
    return nodes[np.lexsort((nodes, -unit_counts[nodes]))][:limit].astype(np.int64)


def count_cooccurrences(
    symbols: Symbols,
    trie: Trie,
    words: np.ndarray,
    weights: np.ndarray,
    vocabulary: np.ndarray,
    *,
    window: int = 5,
    threads: int = 1,
    progress: Progress | None = None,
) -> PairCounts:
    """Cut the corpus into the heaviest sequence of ``words`` and single symbols, and count the pairs near each other.

    Args:
        words: (M,) nodes of the lexicon; single symbols are always allowed.
        weights: (nodes,) log-probabilities, at most 0, of single symbols and of ``words``.
        vocabulary: (V,) distinct nodes whose pairs are counted; pairs are numbered by places in it.
        window: units on each side (1-127).

    Raises:
        ValueError: ``window`` is out of its range.

    Example:
        >>> from zhnlp.mining.count import count_ngrams
        >>> from zhnlp.mining.encode import encode_texts
        >>> from zhnlp.mining.viterbi import unit_weights
        >>> symbols = encode_texts(["甲乙，丙", "甲"])
        >>> trie = count_ngrams(symbols, min_count=1)
        >>> none, nodes = np.empty(0, np.int64), np.array([trie.alphabet.index[c] for c in "甲乙丙"])
        >>> weights = unit_weights(trie, none, trie.count.astype(float))
        >>> count_cooccurrences(symbols, trie, none, weights, nodes, window=2).matrix().toarray()
        array([[0, 2, 1],
               [2, 0, 2],
               [1, 2, 0]])
    """
    if not 1 <= window <= MAX_WINDOW:
        raise ValueError(f"window={window} is not possible: expected 1-{MAX_WINDOW} units")
    chosen = np.zeros(len(trie), np.bool_)
    chosen[words] = True
    place = np.full(len(trie), _OUTSIDE, np.int32)
    place[vocabulary] = np.arange(vocabulary.size)
    longest = int(trie.depth[words].max(initial=1))
    frame = transitions(trie, chosen), weights, longest, place, int(vocabulary.size), window
    found = symbols.sum_over(_count, *frame, threads=threads, progress=progress)[0]
    return PairCounts(found.length, found.keys, found.counts)


def _count(
    symbols: Symbols,
    table: Transitions,
    weights: np.ndarray,
    longest: int,
    place: np.ndarray,
    size: int,
    window: int,
    *,
    threads: int,
    progress: Progress | None,
) -> tuple[SparseCounts]:
    """The pairs of one part of a corpus; of whole documents, so that parts add up."""

    def job(begin, end, document):
        units = np.empty(end - begin + symbols.starts.size - document + 1, np.int32)
        frame = table, weights, longest, place, symbols.starts, document, PADDING
        n = _units_of(symbols.array, begin, end, *frame, units)
        keys = _pairs_of(units[:n], window, size)
        keys.sort()
        return SparseCounts(size * size, *_count_keys(keys))

    parts = walk(symbols, job, threads=threads, progress=progress, size=1 << 19)
    return (add_pairs(parts, size),)


def units_of_rows(
    paths: np.ndarray, table: Transitions, weights: np.ndarray, longest: int, vocabulary: np.ndarray
) -> csr_matrix:
    """How often each unit of a vocabulary is in each of many n-grams, each cut by itself, (M, V) float32.

    Args:
        paths: (M, n) symbols, filled with 0, from `Trie.paths`.
        table, weights, longest: the lexicon as `zhnlp.mining.viterbi.cut_stretch` takes it.
        vocabulary: (V,) nodes.
    """
    from scipy.sparse import csr_matrix

    place = np.full(weights.size, _OUTSIDE, np.int32)
    place[vocabulary] = np.arange(vocabulary.size)
    apart = np.zeros((paths.shape[0], paths.shape[1] + 1), np.uint16)
    apart[:, :-1] = paths
    starts = np.arange(paths.shape[0]) * apart.shape[1]
    units = np.empty(apart.size + starts.size + 1, np.int32)
    n = _units_of(apart.ravel(), 0, apart.size, table, weights, longest, place, starts, 0, 0, units)
    row, met = np.cumsum(units[:n] < 0), units[:n] >= 0
    shape = paths.shape[0], vocabulary.size
    return csr_matrix((np.ones(np.count_nonzero(met), np.float32), (row[met], units[:n][met])), shape=shape)


def add_pairs(parts: Iterable[SparseCounts], size: int) -> SparseCounts:
    """The sum of many counts of pairs of ``size`` things, adding those of like weight so that each is copied seldom."""
    waiting: list[tuple[int, SparseCounts]] = []
    for part in parts:
        rank = 0
        while waiting and waiting[-1][0] <= rank:
            rank, part = rank + 1, waiting.pop()[1] + part
        waiting.append((rank, part))
    total = SparseCounts(size * size, np.zeros(0, np.int64), np.zeros(0, np.int64))
    while waiting:
        total = waiting.pop()[1] + total
    return total


@compiled
def _units_of(symbols, begin, end, table, weight, longest, place, starts, document, padding, out):
    """Write the places of the units of ``symbols[begin:end]`` in the vocabulary; returns how many."""
    best = np.empty(STRETCH + 1, np.float64)
    via = np.empty(STRETCH + 1, np.int64)
    size = np.empty(STRETCH + 1, np.int64)
    written = 0
    at = begin
    while at < end:
        while document + 1 < starts.size and at >= starts[document + 1] + padding:
            document += 1
            out[written] = -2
            written += 1
        if symbols[at] == 0:
            at += 1
            continue
        stop = at
        while stop < end and symbols[stop] != 0 and stop - at < STRETCH:
            stop += 1
        n = stop - at
        cut_stretch(symbols, at, n, table, weight, longest, best, via, size)
        kept = 0
        i = n
        while i > 0:
            kept += place[via[i]] >= 0
            i -= size[i]
        written += kept
        i = n
        back = written
        while i > 0:
            if place[via[i]] >= 0:
                back -= 1
                out[back] = place[via[i]]
            i -= size[i]
        at = stop
    return written


@compiled
def _pairs_of(units, window, size):
    """key << 8 | weight of every pair within the window, unordered in time."""
    out = np.empty(units.size * window, np.int64)
    n = 0
    for i in range(units.size):
        a = np.int64(units[i])
        if a < 0:
            continue
        for d in range(1, window + 1):
            if i + d >= units.size or units[i + d] < 0:
                break
            b = np.int64(units[i + d])
            out[n] = (min(a, b) * size + max(a, b)) << 8 | (window + 1 - d)
            n += 1
    return out[:n]


@compiled
def _count_keys(pairs):
    """Add up the weights of equal keys in rising ``pairs``."""
    distinct = 0
    for i in range(pairs.size):
        distinct += i == 0 or pairs[i] >> 8 != pairs[i - 1] >> 8
    keys = np.empty(distinct, np.int64)
    counts = np.zeros(distinct, np.int64)
    n = -1
    for i in range(pairs.size):
        if n < 0 or keys[n] != pairs[i] >> 8:
            n += 1
            keys[n] = pairs[i] >> 8
        counts[n] += pairs[i] & 255
    return keys, counts
