"""What an engine does: take the parts of a corpus, count them, and find examples in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from zhnlp.mining.contexts import Example
from zhnlp.mining.encode import Symbols
from zhnlp.mining.stages import Stages
from zhnlp.mining.trie import Trie


@dataclass
class Job:
    """What is counted, and how; see `zhnlp.mining.discoverer.WordDiscoverer` for each."""

    max_length: int = 8
    min_count: int = 5
    runs: str = "symbol"
    threads: int = 1
    memory: str | int | None = None
    workdir: str | Path | None = None
    stages: Stages = field(default_factory=Stages)


class Engine:
    """Reads the parts of one corpus and counts their n-grams.

    Attributes:
        job: what is counted, and how.
        reports: what was read, repaired and skipped in each part, as plain values.
        summaries: the same, to be read by a person.
    """

    def __init__(self, job: Job):
        self.job = job
        self.reports: list[dict[str, Any]] = []
        self.summaries: list[str] = []

    def add(self, source: Any, **reading: Any) -> None:
        """Take one more part of the corpus; ``reading`` are options of `Corpus.of`."""
        raise NotImplementedError

    def count(self, keep: bool = False) -> tuple[Symbols, Trie]:
        """The symbols and the trie of all parts; ``keep`` stays open for more of them."""
        raise NotImplementedError

    def examples(self, words: Sequence[str], documents: np.ndarray) -> list[Example | None]:
        """A context for each word, which occurs first in the document of that number; None where there is none to be had."""
        raise NotImplementedError

    def spellings(self, words: Sequence[str]) -> list[list[str]]:
        """How each word is also spelt in full width; none where the corpus cannot be read again."""
        raise NotImplementedError

    @property
    def parts(self) -> int:
        """How many parts were added."""
        return len(self.reports)

    @property
    def report(self) -> dict[str, Any]:
        """What was read; a list under "parts" when there was more than one part."""
        return self.reports[0] if len(self.reports) == 1 else {"parts": self.reports}

    @property
    def summary(self) -> str:
        """What was read, to be read by a person."""
        return "\n".join(self.summaries)
