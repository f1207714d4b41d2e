"""What learns from a corpus part by part: `fit`, `partial_fit`, then `freeze`; the engine says where the corpus is read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from zhnlp.mining.encode import Symbols
from zhnlp.mining.engines import Engine, Job, make_engine
from zhnlp.mining.progress import Progress
from zhnlp.mining.stages import Stages
from zhnlp.mining.trie import Trie

L = TypeVar("L", bound="CorpusLearner")


class CorpusLearner:
    """Reads the parts of a corpus; subclasses say in `freeze` what is made of the counts.

    Attributes:
        job: what is counted, and how.
        stages: the stages so far and their seconds.
        symbols, trie: the corpus as it was counted; None before `freeze`.
    """

    _part: str | None = None  # folder of the corpus in the workdir

    def __init__(self, job: Job, *, engine: str = "local", spark: Any = None):
        self.job, self.stages = job, job.stages
        self.engine, self._spark = engine, spark
        self._forget()

    def _forget(self) -> None:
        self.stages.seconds = {}
        self._engine = self._make_engine(self._part)
        self._open = True  # for partial_fit
        self.symbols: Symbols | None = None
        self.trie: Trie | None = None

    def _make_engine(self, part: str | None = None, **changes: Any) -> Engine:
        """A fresh engine, with a folder of its own in the workdir."""
        workdir = self.job.workdir
        if workdir is not None and part is not None:
            workdir = Path(workdir) / part
        return make_engine(self.engine, replace(self.job, workdir=workdir, **changes), spark=self._spark)

    @property
    def progress(self) -> Progress:
        """Where stages are shown; may be replaced."""
        return self.stages.progress

    @progress.setter
    def progress(self, progress: Progress) -> None:
        self.stages.progress = progress

    @property
    def seconds(self) -> dict[str, float]:
        """What each stage took."""
        return self.stages.seconds

    def fit(self: L, source: Any, **reading: Any) -> L:
        """Learn from a corpus, forgetting what was learnt before.

        Args:
            source: whatever `Corpus.of` takes: texts, Paths, an iterator, a Corpus …
            **reading: options of `Corpus.of`.
        """
        self._forget()
        return self.partial_fit(source, **reading)

    def partial_fit(self: L, source: Any, **reading: Any) -> L:
        """Learn from one more part of a corpus; parts one after the other give the same table as all at once.

        Raises:
            RuntimeError: the learner is frozen.
        """
        if not self._open:
            raise RuntimeError(
                f"this {type(self).__name__} is frozen: expected partial_fit before freeze. Next: fit, which begins anew, "
                "or freeze(keep=True), which stays open"
            )
        self._engine.add(source, **reading)
        return self

    def _count(self, keep: bool) -> None:
        """Count what was learnt.

        Raises:
            RuntimeError: nothing was learnt yet.
        """
        if not self._engine.parts:
            raise RuntimeError(
                "nothing was learnt yet: expected fit(corpus) or partial_fit(corpus) before freeze()"
            )
        self.symbols, self.trie = self._engine.count(keep)
        self._open = keep

    def corpus_report(self) -> dict[str, Any]:
        """What was read, repaired and skipped; a list under "parts" when there was more than one part."""
        return self._engine.report

    def corpus_summary(self) -> str:
        """What was read, repaired and skipped, to be read by a person."""
        return self._engine.summary


def new_job(*, progress: bool | None = None, **options: Any) -> Job:
    """A job whose stages are shown as ``progress`` says."""
    return Job(**options, stages=Stages(Progress(progress)))
