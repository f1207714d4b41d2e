"""Count in memory: symbols in, linked trie out, the same for any number of threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np

from zhnlp.mining.alphabet import FIRST_SYMBOL
from zhnlp.mining.encode import PADDING, Symbols
from zhnlp.mining.jit import HAVE_NUMBA, warn_if_slow
from zhnlp.mining.kernel import Nodes, Scratch, count_symbols, grower, sort_positions
from zhnlp.mining.progress import Progress
from zhnlp.mining.trie import Trie, assemble
from zhnlp.mining.workers import iterate, split_range, thread_count, work

MAX_LENGTH = 12  # symbols
_JOBS = 64  # parts the first symbols are cut into, whatever the number of threads


def check_limits(max_length: int, min_count: int) -> None:
    """Refuse limits that the kernel cannot serve."""
    for name, value in (("max_length", max_length), ("min_count", min_count)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise ValueError(f"{name}={value!r} is not possible: expected a whole number")
    if not 1 <= max_length <= MAX_LENGTH:
        raise ValueError(f"max_length={max_length} is not possible: expected 1 to {MAX_LENGTH} symbols")
    if min_count < 1:
        raise ValueError(f"min_count={min_count} is not possible: expected 1 or more occurrences")


def count_ngrams(
    symbols: Symbols,
    *,
    max_length: int = 8,
    min_count: int = 5,
    threads: int | None = 1,
    progress: Progress | None = None,
) -> Trie:
    """Count every n-gram of 1 to ``max_length`` symbols with ``min_count`` occurrences or more, exactly.

    Args:
        symbols: an encoded corpus.
        max_length: longest n-gram, in symbols (1-12).
        min_count: occurrences below which an n-gram is dropped (1 or more).
        threads: workers; None takes all processors.  The result does not depend on it.

    Raises:
        ValueError: a limit is out of range, or the corpus has 2^32 symbols or more (count out of core then).

    Example:
        >>> from zhnlp.mining.encode import encode_texts
        >>> trie = count_ngrams(encode_texts(["深度学习，深度神经"]), min_count=2)
        >>> trie.words([node for node in range(len(trie)) if trie.depth[node] == 2]), int(trie.total)
        (['深度'], 8)
    """
    check_limits(max_length, min_count)
    if symbols.array.size >= 1 << 32:
        raise ValueError(
            f"the corpus has {symbols.array.size:,} symbols, more than 32-bit positions can tell apart: "
            'count out of core (memory="8GB", workdir="…")'
        )
    warn_if_slow()
    threads = thread_count(threads)
    if not HAVE_NUMBA:
        from zhnlp.mining.oracle import oracle_trie

        return oracle_trie(symbols, max_length=max_length, min_count=min_count)
    size = len(symbols.alphabet)
    positions, bounds = _sort(symbols.array, size, threads)
    roots = Nodes(*(np.zeros(size, column.dtype) for column in Nodes.empty(0)))
    roots.count[:] = symbols.alphabet.counts
    parts = list(
        grow_parts(symbols.array, positions, bounds, max_length, min_count, roots, threads, progress)
    )
    del positions
    return assemble(symbols.alphabet, max_length, min_count, roots, parts, threads)


def _sort(array: np.ndarray, size: int, threads: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of all word symbols by symbol, rising, and where each symbol's positions begin."""
    begin, end = PADDING, array.size - PADDING
    ranges = split_range(begin, end, threads)
    counts = np.array(work(count_symbols, [(array[a:b], size) for a, b in ranges], threads)).reshape(-1, size)
    counts[:, :FIRST_SYMBOL] = 0
    bounds = np.zeros(size + 1, np.int64)
    np.cumsum(counts.sum(axis=0), out=bounds[1:])
    positions = np.empty(int(bounds[-1]), np.uint32)
    places = bounds[:-1] + np.cumsum(counts, axis=0) - counts
    work(
        sort_positions, [(array, a, b, 1, place, positions) for (a, b), place in zip(ranges, places)], threads
    )
    return positions, bounds


def grow_parts(
    array: np.ndarray,
    positions: np.ndarray,
    bounds: np.ndarray,
    max_length: int,
    min_count: int,
    roots: Nodes,
    threads: int,
    progress: Progress | None = None,
    singly: bool = False,
) -> Iterator[tuple]:
    """Grow the subtrees of all first symbols, in parts of about the same work (``singly``: of one each), in symbol order.

    Each part is as `assemble` takes it: (first symbols, bigram nodes, deeper nodes, split).
    """
    sizes = np.diff(bounds)
    firsts = np.flatnonzero(sizes)
    if firsts.size == 0:
        return
    cuts = np.searchsorted(np.cumsum(sizes[firsts]), sizes.sum() * np.arange(1, _JOBS) / _JOBS)
    cuts = np.arange(1, firsts.size) if singly else np.unique(cuts + 1)
    groups = [group for group in np.split(firsts, cuts) if group.size]
    width = 4 * ((max(max_length, 4) + 3) // 4)
    grow = grower(width)
    split = int(max(sizes[group].sum() for group in groups)) // min_count + 1
    room = split * max(max_length - 1, 1) + 1
    own = threading.local()

    def grow_group(group):
        if not hasattr(own, "scratch"):
            own.scratch = Scratch.make(int(sizes.max()), min_count, width)
            own.nodes = Nodes.empty(room)
        nodes = own.nodes
        n_bigrams, n_deeper = grow(
            array, positions, bounds, group, max_length, min_count, roots, nodes, split, own.scratch
        )
        return group, nodes.take(0, n_bigrams), nodes.take(split, split + n_deeper), split

    for part in iterate(grow_group, [(group,) for group in groups], threads):
        if progress is not None:
            progress.advance(int(sizes[part[0]].sum()))
        yield part
