"""The passes of a count: symbols, pairs, heads, records; then one trie on the driver."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zhnlp.mining.alphabet import Alphabet
from zhnlp.mining.engines.base import Job
from zhnlp.mining.spark import grow, histograms, records, symbolise
from zhnlp.mining.spark.assembly import PartSize, assemble_grown
from zhnlp.mining.spark.dataset import Dataset
from zhnlp.mining.spark.pieces import Reading
from zhnlp.mining.spark.plan import Head, PairsOfHeads, Plan
from zhnlp.mining.trie import Trie

_LEAST_BUCKET = 1 << 18
_MOST_GROUPS = 512
_SIZES = ("head", "first", "n_bigrams", "n_deeper")


class Source(NamedTuple):
    """Files, or a table, of one part of the corpus."""

    rows: Dataset
    reading: Reading
    part: int


class Tuning(NamedTuple):
    """How work is cut; no result depends on it."""

    partitions: int  # that a shuffle makes
    bucket: int = 1 << 22  # occurrences that a task grows together, some 75 bytes each


def find_alphabet(sources: list[Source], runs: str, tuning: Tuning) -> Alphabet:
    """The alphabet of all sources."""
    tallies = [
        rows.map(symbolise.tally_symbols, reading, runs, _groups(tuning), schema=symbolise.TALLY)
        for rows, reading, _ in sources
    ]
    tally = tallies[0].union(tallies[1:]).shuffle("group")
    found = tally.map(symbolise.commonest_symbols, schema=symbolise.COMMONEST)
    return symbolise.make_alphabet(found.rows(), runs)


def encode_sources(sources: list[Source], alphabet: Alphabet) -> Dataset:
    """The documents of all sources as symbols, kept on the cluster."""
    encoded = [
        rows.map(
            symbolise.encode_documents,
            *(reading, alphabet.texts, alphabet.runs, part),
            schema=symbolise.ENCODED,
        )
        for rows, reading, part in sources
    ]
    return encoded[0].union(encoded[1:]).keep()


def count_encoded(encoded: Dataset, alphabet: Alphabet, job: Job, tuning: Tuning) -> Trie:
    """The trie of encoded documents, as `zhnlp.mining.count.count_ngrams` makes it, bit for bit."""
    size, limits = len(alphabet), (job.max_length, job.min_count)
    with job.stages("pairs"):
        entropies, pairs, counts = _neighbours_of_symbols(encoded, alphabet, job, tuning)
    if job.max_length == 1 or pairs.size == 0:
        return assemble_grown(alphabet, *limits, entropies, [Head(0, 0, 0)], [], [], job.threads)
    plan = Plan(
        size,
        pairs,
        counts,
        capacity=_capacity(int(counts.sum()), tuning),
        max_length=job.max_length,
        symbol_counts=alphabet.counts,
        entropies=entropies,
    )
    del pairs, counts
    with job.stages("heads"):
        while plan.pending:
            _settle(encoded, plan, job, tuning)
    buckets, slot_symbols = plan.buckets()
    frequent = records.Frequent.of(plan.row, plan.seconds)
    routes = records.Routes(plan.edges(), frequent, buckets, job.max_length)
    growing = grow.Growing(buckets, slot_symbols, size, *limits)
    with job.stages("count"):
        sent = encoded.map(records.send_records, routes, slot_symbols.size, schema=records.RECORDS)
        grown = sent.shuffle("bucket").map(grow.grow_records, growing, schema=grow.PARTS).keep()
        sizes = [PartSize(**row) for row in grown.rows(*_SIZES)]
    with job.stages("assemble"):
        trie = assemble_grown(alphabet, *limits, entropies, plan.heads, sizes, grown.rows(), job.threads)
    grown.drop()
    return trie


def _groups(tuning: Tuning) -> int:
    """Parts that small results are cut into to be added up; each is a row of every task."""
    return min(2 * tuning.partitions, _MOST_GROUPS)


def _capacity(sent: int, tuning: Tuning) -> int:
    """Occurrences of a bucket: as many as asked for, or fewer, so that every partition of a shuffle gets some.

    Very small ones would only make pairs too large for a bucket, and each level of heads costs a pass.
    """
    return min(tuning.bucket, max(sent // (3 * tuning.partitions), _LEAST_BUCKET))


def _histograms(encoded: Dataset, pairs_of: histograms.PairsOf, job: Job, tuning: Tuning) -> Dataset:
    options = pairs_of, _groups(tuning)
    counted = encoded.map(histograms.count_neighbours, *options, schema=histograms.COUNTED)
    return counted.shuffle("group").map(histograms.sum_neighbours, job.min_count, schema=histograms.FOUND)


def _neighbours_of_symbols(
    encoded: Dataset, alphabet: Alphabet, job: Job, tuning: Tuning
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Entropies of the symbols, (2, K); the frequent pairs and their counts."""
    entropies = np.zeros((2, len(alphabet)))
    found = _histograms(encoded, histograms.pairs_of_symbols, job, tuning)

    def take(side, owners, values):
        entropies[side, owners] = values

    return entropies, *_read_histograms(found, take)


def _settle(encoded: Dataset, plan: Plan, job: Job, tuning: Tuning) -> None:
    wanted = np.zeros(len(plan.heads), np.bool_)
    wanted[plan.pending] = True
    entropies: dict[int, list[float]] = {number: [0.0, 0.0] for number in plan.pending}

    def take(side, owners, values):
        for owner, value in zip(owners.tolist(), values.tolist()):
            entropies[owner][side] = value

    found = _histograms(encoded, PairsOfHeads(plan.edges(only_heads=True), wanted), job, tuning)
    keys, counts = _read_histograms(found, take)
    plan.settle({number: tuple(sides) for number, sides in entropies.items()}, keys, counts)


def _read_histograms(found: Dataset, take) -> tuple[np.ndarray, np.ndarray]:
    """Give entropies to ``take(side, owners, entropies)``; returns the frequent keys, rising, and their counts."""
    keys, counts = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    for row in found.rows():
        owners = np.frombuffer(row["owners"], np.int64)
        take(row["side"], owners, np.frombuffer(row["entropies"], np.float64))
        keys.append(np.frombuffer(row["keys"], np.uint64))
        counts.append(np.frombuffer(row["counts"], np.int64))
    keys, counts = np.concatenate(keys), np.concatenate(counts)
    order = np.argsort(keys, kind="stable")
    return keys[order], counts[order]
