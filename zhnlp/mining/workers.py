"""Run compiled jobs on threads (they hold no interpreter lock), results in the order of the jobs."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from zhnlp.mining.jit import HAVE_NUMBA

if TYPE_CHECKING:
    from zhnlp.mining.encode import Symbols
    from zhnlp.mining.progress import Progress


def thread_count(threads: int | None) -> int:
    """``threads`` checked, or the processors this process may use when it is None."""
    if threads is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if threads < 1:
        raise ValueError(f"threads={threads} is not possible: expected 1 or more, or None for all processors")
    return threads


def split_range(begin: int, end: int, pieces: int) -> list[tuple[int, int]]:
    """Cut ``begin`` to ``end`` into at most ``pieces`` ranges of nearly the same size, in order."""
    pieces = max(1, min(pieces, end - begin))
    cuts = [begin + (end - begin) * i // pieces for i in range(pieces + 1)]
    return list(itertools.pairwise(cuts))


def work(function: Callable, jobs: Iterable[Sequence[Any]], threads: int) -> list[Any]:
    """``[function(*job) for job in jobs]`` on ``threads`` threads."""
    return list(iterate(function, jobs, threads))


def iterate(function: Callable, jobs: Iterable[Sequence[Any]], threads: int) -> Iterator[Any]:
    """Like `work`, a result at a time."""
    if threads == 1 or not HAVE_NUMBA:
        yield from (function(*job) for job in jobs)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(lambda job: function(*job), jobs)


class Tallies:
    """One array of counters a thread, so that threads never write to the same place; their sum is the result."""

    def __init__(self, size: int, kind: type = np.int64):
        self._size, self._kind = size, kind
        self._own = threading.local()
        self._all: list[np.ndarray] = []

    def mine(self) -> np.ndarray:
        """The counters of the calling thread."""
        if not hasattr(self._own, "counters"):
            self._own.counters = np.zeros(self._size, self._kind)
            self._all.append(self._own.counters)
        return self._own.counters

    def total(self) -> np.ndarray:
        """The sum over threads, int64."""
        total = np.zeros(self._size, np.int64)
        for counters in self._all:
            total += counters
        return total


def stretches(symbols: Symbols, size: int = 1 << 20) -> list[tuple[int, int, int]]:
    """(begin, end, document) of stretches of whole documents, about ``size`` symbols each.

    ``begin`` and ``end`` index the padded symbols; ``document`` is the first document of the stretch.
    """
    begin, stop = symbols.span
    starts = symbols.starts
    cuts = np.searchsorted(starts, np.arange(0, stop - begin, size))
    cuts = np.unique(cuts[cuts < starts.size])
    begins = starts[cuts] + begin
    return [(int(a), int(b), int(d)) for a, b, d in zip(begins, np.append(begins[1:], stop), cuts)]


def walk(
    symbols: Symbols,
    job: Callable[[int, int, int], Any],
    *,
    threads: int,
    progress: Progress | None = None,
    size: int = 1 << 20,
) -> Iterator[Any]:
    """``job(begin, end, document)`` over all `stretches` of a corpus, results in order, memory given back on the way."""

    def run(begin: int, end: int, document: int) -> tuple[Any, int]:
        result = job(begin, end, document)
        symbols.release(begin, end)
        return result, end - begin

    for result, length in iterate(run, stretches(symbols, size), threads):
        if progress is not None:
            progress.advance(length)
        yield result
