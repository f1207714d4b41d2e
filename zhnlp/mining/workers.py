"""Run compiled jobs on threads (they hold no interpreter lock), results in the order of the jobs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from zhnlp.mining.jit import HAVE_NUMBA


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
    return list(zip(cuts[:-1], cuts[1:]))


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
