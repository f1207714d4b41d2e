"""Counting in this process: in memory, or out of core where a ceiling on memory asks for it."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zhnlp.mining.contexts import Example, find_examples
from zhnlp.mining.count import count_ngrams
from zhnlp.mining.encode import Symbols, SymbolStore
from zhnlp.mining.engines.base import Engine, Job
from zhnlp.mining.trie import Trie
from zhnlp.mining.width_variants import width_variants
from zhnlp.text import Corpus, CorpusWarning
from zhnlp.text.files import write_whole


class LocalEngine(Engine):
    """Reads a part as soon as it is added; counts when asked to, or at once when it counts out of core."""

    def __init__(self, job: Job):
        super().__init__(job)
        self._store = SymbolStore(job.runs)
        self._corpus: Corpus | None = None  # the only part, to be read again for examples
        self._text_bytes: int | None = 0  # of the parts so far, at most; None = not known
        self._on_disk = False
        self._counted: tuple[Symbols, Trie] | None = None

    def add(self, source: Any, **reading: Any) -> None:
        """Take one more part of the corpus.

        Raises:
            RuntimeError: all parts together are too large for the ceiling on memory.
        """
        corpus = Corpus.of(source, **reading)
        self._corpus = None if self.reports else corpus
        if self._needs_disk(corpus):
            report, summary = self._count_on_disk(corpus)
        else:
            self._counted = None
            with self.job.stages("read", corpus.total_bytes(), "B") as progress:
                done = 0
                for block in corpus.blocks():
                    self._store.add(block.text, block.ends)
                    progress.advance(block.source_bytes - done)
                    done = block.source_bytes
            report, summary = corpus.report.as_dict(), str(corpus.report)
        self.reports.append(report)
        self.summaries.append(summary)

    def count(self, keep: bool = False) -> tuple[Symbols, Trie]:
        """The symbols and the trie of all parts.

        Raises:
            RuntimeError: ``keep`` for a corpus that is counted out of core.
        """
        if keep and self._on_disk:
            raise RuntimeError(
                "keep=True got a corpus counted out of core, which cannot grow. Next: freeze()"
            )
        if self._counted is None:
            job = self.job
            symbols = self._store.freeze(keep)
            with job.stages("count", symbols.total) as progress:
                trie = count_ngrams(
                    symbols,
                    max_length=job.max_length,
                    min_count=job.min_count,
                    threads=job.threads,
                    progress=progress,
                )
            self._counted = symbols, trie
        if not keep:
            self._store = SymbolStore(self.job.runs)
        return self._counted

    def examples(self, words: Sequence[str], documents: np.ndarray) -> list[Example | None]:
        """Contexts from a second reading; None for all where the corpus cannot be read again or has several parts."""
        if self._corpus is None or not self._corpus.rereadable:
            return [None] * len(words)
        with self.job.stages("examples"), warnings.catch_warnings():
            warnings.simplefilter("ignore", CorpusWarning)  # said already in the first pass
            return find_examples(self._corpus, words, documents, self.job.runs == "token")

    def spellings(self, words: Sequence[str]) -> list[list[str]]:
        """Full-width spellings from one more reading; none where the corpus cannot be read again or has several parts."""
        if self._corpus is None or not self._corpus.rereadable:
            return [[] for _ in words]
        with self.job.stages("spellings"), warnings.catch_warnings():
            warnings.simplefilter("ignore", CorpusWarning)  # said already in the first pass
            return width_variants(self._corpus.blocks(), words, self.job.runs == "token")

    def _needs_disk(self, corpus: Corpus) -> bool:
        if self.job.memory is None:
            return False
        from zhnlp.mining.out_of_core import fits_in_memory, parse_memory

        size = corpus.most_text_bytes()
        self._text_bytes = None if size is None or self._text_bytes is None else self._text_bytes + size
        return self._text_bytes is None or not fits_in_memory(self._text_bytes, parse_memory(self.job.memory))

    def _count_on_disk(self, corpus: Corpus) -> tuple[dict, str]:
        from zhnlp.mining.out_of_core import count_out_of_core

        job = self.job
        if self.reports:
            raise RuntimeError(
                f"the parts together exceed memory={job.memory!r}, and counting out of core takes one corpus. "
                "Next: one fit with all paths in it, or more memory"
            )
        kept = None if job.workdir is None else Path(job.workdir) / "corpus.json"

        def blocks():
            yield from corpus.blocks()
            if kept is not None:  # a resumed run may not read the corpus again
                write_whole(
                    kept, json.dumps([corpus.report.as_dict(), str(corpus.report)], ensure_ascii=False)
                )

        self._on_disk = True
        with job.stages("count") as progress:
            self._counted = count_out_of_core(
                blocks,
                workdir=job.workdir,
                memory=job.memory,
                runs=job.runs,
                max_length=job.max_length,
                min_count=job.min_count,
                threads=job.threads,
                fingerprint=corpus.fingerprint(),
                total_bytes=corpus.most_text_bytes(),
                progress=progress,
            )
        if corpus.report.documents == 0 and kept is not None and kept.exists():
            return tuple(json.loads(kept.read_text("utf-8")))
        return corpus.report.as_dict(), str(corpus.report)
