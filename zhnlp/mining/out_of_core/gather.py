"""Gather the context records of one bucket in a pass over the symbols on disk, grouped by first symbol.

The records lie one behind the other in corpus order within each first symbol, so together they are a small text
that the kernel counts as it counts a corpus.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from zhnlp.mining.encode import PADDING
from zhnlp.mining.jit import compiled
from zhnlp.mining.out_of_core.buckets import Bucket, Costs
from zhnlp.mining.out_of_core.survey import Survey
from zhnlp.mining.out_of_core.symbol_file import read_chunks
from zhnlp.mining.progress import Progress
from zhnlp.mining.workers import iterate


@cache
def gatherer(stride: int):
    """The compiled pass for records of ``stride`` symbols."""

    @compiled
    def gather(symbols, begin, end, first, stop, second, second_stop, place, found, records):
        """Write the record of each occurrence that belongs to the bucket to the ``place`` of its first symbol."""
        n = 0
        for i in range(begin, end):  # without a branch: most symbols belong to other buckets
            found[n] = i
            symbol = symbols[i]
            n += (symbol >= first) & (symbol < stop)
        for k in range(n):
            i = np.int64(found[k])
            follower = symbols[i + 1]
            if follower >= second and follower < second_stop:
                symbol = symbols[i]
                r = place[symbol]
                place[symbol] = r + 1
                r *= stride
                for q in range(stride):
                    records[r + q] = symbols[i - 1 + q]

    return gather


def gather_bucket(
    path: Path, survey: Survey, bucket: Bucket, costs: Costs, progress: Progress | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The context records of a bucket, padded, and the bounds of each first symbol among them, (K + 1,) int64."""
    size = survey.counts.shape[1]
    counts = np.zeros_like(survey.counts)
    if bucket.is_split:
        followers = survey.followers[survey.index(bucket.first)][:, bucket.second : bucket.second_stop]
        counts[:, bucket.first] = followers.sum(axis=1, dtype=np.int64)
    else:
        counts[:, bucket.first : bucket.stop] = survey.counts[:, bucket.first : bucket.stop]
        counts[:, survey.counts.sum(axis=0) < costs.min_count] = 0
    wanted = np.flatnonzero(counts.sum(axis=0))
    first, stop = (int(wanted[0]), int(wanted[-1]) + 1) if wanted.size else (0, 0)
    bounds = np.zeros(size + 1, np.int64)
    np.cumsum(counts.sum(axis=0), out=bounds[1:])
    places = bounds[:-1] + np.cumsum(counts, axis=0) - counts
    records = np.empty(int(bounds[-1]) * costs.stride + 2 * PADDING, np.uint16)
    records[int(bounds[-1]) * costs.stride :] = 0
    gather = gatherer(costs.stride)

    def job(begin, end, place):
        found = np.empty(0, np.uint32)
        for chunk in read_chunks(path, begin, end):
            if found.size < chunk.size:
                found = np.empty(chunk.size, np.uint32)
            inner = PADDING, chunk.size - PADDING
            gather(chunk, *inner, first, stop, bucket.second, bucket.second_stop, place, found, records)
        return end - begin

    jobs = [(begin, end, place) for (begin, end), place in zip(survey.stretches, places)]
    for done in iterate(job, jobs, len(jobs)):
        if progress is not None:
            progress.advance(done)
    return records, bounds
