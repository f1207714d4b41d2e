"""The engine for a corpus on a cluster; see `zhnlp.mining.engines`.

What the passes read: the text twice (symbols; encoding), the encoded documents once for the pairs, once for each level
of heads, once for the records, and once for each sum that a method makes.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zhnlp.mining.contexts import Example
from zhnlp.mining.encode import Encoder, Symbols
from zhnlp.mining.engines.base import Engine, Job
from zhnlp.mining.jit import warn_if_slow
from zhnlp.mining.spark.counting import Source, Tuning, count_encoded, encode_sources, find_alphabet
from zhnlp.mining.spark.frames import Frame
from zhnlp.mining.spark.places import (
    FOUND,
    METADATA,
    SPELT,
    Places,
    count_spelt,
    read_examples,
    read_spellings,
    show_words,
)
from zhnlp.mining.spark.sources import Opened, open_source
from zhnlp.mining.spark.symbols import ClusterSymbols
from zhnlp.mining.trie import Trie
from zhnlp.text import CorpusReport, CorpusWarning

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PARTITIONS, BUCKET = "spark.zhnlp.partitions", "spark.zhnlp.bucket"  # settings of the session


class SparkEngine(Engine):
    """Counts on Spark; the driver holds the trie, the executors all else.

    Args:
        job: as on one machine; ``threads`` are those of the driver.
        spark: a session; None takes the active one, or starts one as ``spark-submit`` or the environment says.

    Settings of the session: ``spark.zhnlp.partitions``, what a shuffle makes (default: three for every two input
    partitions, at least two a core); ``spark.zhnlp.bucket``, occurrences that a task grows together (default 4,194,304,
    some 75 bytes each).

    Raises:
        ImportError: pyspark is missing.
        ValueError: an option of the local engine was given.
    """

    def __init__(self, job: Job, spark: SparkSession | None = None):
        super().__init__(job)
        if job.memory is not None or job.workdir is not None:
            raise ValueError(
                "memory and workdir belong to counting out of core on one machine: on Spark the executors' memory is set "
                "by --executor-memory and --conf spark.executor.memoryOverhead"
            )
        Encoder(job.runs)  # says what is wrong
        self.spark = spark or _session()
        self._opened: list[Opened] = []
        self._counted: tuple[Symbols, Trie] | None = None
        self._encoded: Frame | None = None
        self._places: Places | None = None

    def add(self, source: Any, **reading: Any) -> None:
        """Take one more part, as `zhnlp.mining.spark.sources.open_source` says; it is read by `count`."""
        self._opened.append(open_source(self.spark, source, **reading))
        self.reports.append(CorpusReport().as_dict())  # nothing is read yet
        self._counted = None

    def count(self, keep: bool = False) -> tuple[Symbols, Trie]:
        """The symbols, which stay on the cluster, and the trie of all parts."""
        if self._counted is None:
            warn_if_slow()
            self._counted = self._count()
        return self._counted

    def _count(self) -> tuple[Symbols, Trie]:
        job, tuning = self.job, self._tuning()
        if self._encoded is not None:
            self._encoded.drop()
        sources = self._sources(tuning)
        with job.stages("alphabet"):
            alphabet = find_alphabet(sources, job.runs, tuning)
        with job.stages("encode"):
            self._encoded = encode_sources(sources, alphabet)
            metadata = list(self._encoded.rows(*METADATA))
        self._places = Places(metadata, [opened.rank for opened in self._opened])
        self._report()
        trie = count_encoded(self._encoded, alphabet, job, tuning)
        sizes = sum(row["size"] for row in metadata), self._places.documents
        groups = min(tuning.partitions, 64)
        return ClusterSymbols(self._encoded, alphabet, self._places.numbers, *sizes, groups), trie

    def _sources(self, tuning: Tuning) -> list[Source]:
        return [
            Source(Frame(frame, tuning.partitions), reading, part)
            for part, opened in enumerate(self._opened)
            for frame, reading in opened.frames
        ]

    def _tuning(self) -> Tuning:
        given = self.spark.conf.get(PARTITIONS, None), self.spark.conf.get(BUCKET, None)
        frames = [frame for opened in self._opened for frame, _ in opened.frames]
        inputs = sum(frame.rdd.getNumPartitions() for frame in frames)
        least = 2 * self.spark.sparkContext.defaultParallelism
        tuning = Tuning(int(given[0] or max(least, -(-3 * inputs // 2))))
        return tuning if given[1] is None else tuning._replace(bucket=int(given[1]))

    def _report(self) -> None:
        self.reports, self.summaries = [], []
        found = self._places.reports()
        for part, opened in enumerate(self._opened):
            report = found[part]
            report.skipped.update(opened.passed_over)
            self.reports.append(report.as_dict())
            self.summaries.append(str(report))
            for path, encoding in report.encodings.items():
                if encoding == "gb18030":
                    warnings.warn(
                        CorpusWarning(f"{path}: is not valid UTF-8 and was read as GB18030"), stacklevel=5
                    )
            if report.documents == 0:
                warnings.warn(CorpusWarning(f"part {part + 1} gave no document: {report}"), stacklevel=5)

    def examples(self, words: Sequence[str], documents: np.ndarray) -> list[Example | None]:
        """Contexts from one more reading of the text, in the documents that one machine would take."""
        if self._places is None or not len(words):
            return [None] * len(words)
        tuning = self._tuning()
        wanted = self._places.wanted(list(words), documents)
        with self.job.stages("examples"):
            rows = []
            for source in self._sources(tuning):
                options = source.part, wanted, self._places.filled, self.job.runs == "token"
                rows += source.rows.map(show_words, source.reading, *options, schema=FOUND).rows()
        return read_examples(rows, len(words))

    def spellings(self, words: Sequence[str]) -> list[list[str]]:
        """Full-width spellings from one more reading of the text."""
        if self._places is None or not len(words):
            return [[] for _ in words]
        rows = []
        with self.job.stages("spellings"):
            for source in self._sources(self._tuning()):
                options = list(words), self.job.runs == "token"
                rows += source.rows.map(count_spelt, source.reading, *options, schema=SPELT).rows()
        return read_spellings(rows, len(words))


def _session() -> SparkSession:
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise ImportError(
            'engine="spark" needs pyspark, which is not installed. Next: pip install "zhnlp[spark]"'
        ) from error
    session = SparkSession.getActiveSession()
    if session is None:
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        session = SparkSession.builder.appName("zhnlp").getOrCreate()
    return session
