"""Word discovery from raw text: learn (`fit`, `partial_fit`), `freeze`, then `apply`."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zhnlp.mining.alphabet import FIRST_SYMBOL
from zhnlp.mining.count import check_limits
from zhnlp.mining.encode import Symbols
from zhnlp.mining.entropy import EntropyReport, Information
from zhnlp.mining.learner import CorpusLearner, new_job
from zhnlp.mining.methods import Candidates, make_method
from zhnlp.mining.mined_segmenter import count_units, mined_segmenter
from zhnlp.mining.rank import default_cut, make_rows, rank_words
from zhnlp.mining.reference import known_words, reference_words
from zhnlp.mining.table import WordTable
from zhnlp.mining.trie import Trie
from zhnlp.mining.workers import thread_count

if TYPE_CHECKING:
    from zhnlp.mining.segmenter import Segmenter


class WordDiscoverer(CorpusLearner):
    """Find the words of raw text and rank them; no labels, no dictionary.

    Args:
        method: "ngram" (posts 4256, 6920; default), "min-entropy" (5476), "boundary-entropy" (3491), "pmi-cut"
            (3913) or "lm" (3956).
        max_length: longest word, in symbols (1-12); a Latin or digit run is one symbol.
        min_count: occurrences below which an n-gram is never a word (1 or more).
        runs: what becomes of Latin and digit runs: "symbol", "token" or "drop" (see `zhnlp.mining.encode.Encoder`).
        reference: what counts as known: "jieba", a dictionary file, words, or None.
        new_only: leave known words out of the table.
        min_score: least score; None takes the method's own (0 for "ngram", none for the others), which never
            leaves fewer than 20 words if there are as many candidates.
        top: words in the table at most; None for all.
        examples: read the corpus again for a line of context a word, where it can be read again.
        threads: workers; None takes all processors.  The table does not depend on it.
        memory: ceiling such as "2GB"; a corpus that needs more is counted out of core in ``workdir``.
        workdir: folder for counting out of core; with it, a killed run resumes.
        engine: "local", or "spark" for a corpus on a cluster, which ``fit`` then takes as `zhnlp.mining.spark` says.
        spark: the Spark session; None takes the active one, or starts one.
        progress: True, False, or None for bars where stderr is a terminal.
        **options: options of the method, such as ``order``, ``min_pmi`` or ``backtrack``.

    Raises:
        ValueError: an argument is out of its range.
        TypeError: the method has no such option.

    Example:
        >>> found = WordDiscoverer(min_count=2).fit(["深度学习很好"] * 3 + ["深度学习真好"] * 3)
        >>> table = found.freeze()
        >>> table[0]["word"], table[0]["count"], found.apply("学习深度学习")
        ('深度学习', 6, ['学', '习', '深度学习'])
    """

    def __init__(
        self,
        method: str = "ngram",
        *,
        max_length: int = 8,
        min_count: int = 5,
        runs: str = "symbol",
        reference: str | Path | Iterable[str] | None = "jieba",
        new_only: bool = False,
        min_score: float | None = None,
        top: int | None = None,
        examples: bool = True,
        threads: int | None = None,
        memory: str | int | None = None,
        workdir: str | Path | None = None,
        engine: str = "local",
        spark: Any = None,
        progress: bool | None = None,
        **options: Any,
    ):
        check_limits(max_length, min_count)
        self.method = make_method(method, **options)
        self.reference = reference_words(reference)  # now: a wrong name must not come up after the counting
        self.new_only, self.min_score, self.top = new_only, min_score, top
        self.examples = examples
        if top is not None and top < 1:
            raise ValueError(f"top={top} is not possible: expected 1 or more words, or None for all")
        if min_score is not None and not min_score < math.inf:
            raise ValueError(
                f"min_score={min_score} is not possible: expected a log-odds below infinity, or None"
            )
        job = new_job(
            max_length=max_length,
            min_count=min_count,
            runs=runs,
            threads=thread_count(threads),
            memory=memory,
            workdir=workdir,
            progress=progress,
        )
        super().__init__(job, engine=engine, spark=spark)

    def _forget(self) -> None:
        super()._forget()
        self.candidates: Candidates | None = None
        self._words = np.empty(0, np.int64)
        self._units: np.ndarray | None = None
        self._segmenter: Segmenter | None = None

    def freeze(self, keep: bool = False) -> WordTable:
        """Count, judge and rank what was learnt.

        Args:
            keep: stay open for more `partial_fit`, at the price of memory; not for a corpus counted out of core.

        Raises:
            RuntimeError: nothing was learnt yet.
        """
        self._count(keep)
        self._units = self._segmenter = None
        with self.stages("judge"):
            self.candidates = self.method.find(
                self.symbols, self.trie, threads=self.job.threads, progress=self.progress
            )
        return self._table()

    def _table(self) -> WordTable:
        trie, candidates = self.trie, self.candidates
        with self.stages("rank", self.symbols.size):
            cut = self.min_score
            if cut is None:
                cut = default_cut(trie, candidates, self.method.min_score)
            nodes, scores, words = rank_words(trie, candidates, min_score=cut)
            self._words = nodes
            known = known_words(words, self.reference)
            if self.new_only:
                new = np.array([word not in known for word in words], bool)
                nodes, scores, words = nodes[new], scores[new], [word for word in words if word not in known]
            nodes, scores, words = nodes[: self.top], scores[: self.top], words[: self.top]
            rows, documents = make_rows(
                self.symbols,
                trie,
                candidates,
                nodes,
                scores,
                words,
                known,
                threads=self.job.threads,
                progress=self.progress,
            )
        if self.examples:
            for row, example in zip(rows, self._engine.examples(words, documents)):
                row["example"] = example
        if not rows:
            warnings.warn(self._why_empty(), stacklevel=3)
        return WordTable(rows, corpus=self.corpus_report(), settings=self.settings())

    def _why_empty(self) -> str:
        rejected = ", ".join(
            f"{number:,} {reason}" for reason, number in self.verdicts().items() if reason != "kept"
        )
        why = f"candidates: {rejected}" if rejected else f"no n-gram occurs {self.job.min_count} times"
        return (
            f"no word was found among {self.symbols.total:,} symbols ({why}). "
            "Next: lower min_count or min_score, or give more text"
        )

    def settings(self) -> dict[str, Any]:
        """The parameters and the seconds of each stage, for reports."""
        return {
            "method": self.method.name,
            **asdict(self.method),
            "max_length": self.job.max_length,
            "min_count": self.job.min_count,
            "runs": self.job.runs,
            "threads": self.job.threads,
            "symbols": self.symbols.total,
            "alphabet": len(self.trie.alphabet),
            "n-grams": len(self.trie),
            "min_score": self.min_score,
            "new_only": self.new_only,
            "top": self.top,
            "reference": self.reference
            if isinstance(self.reference, str)
            else f"{len(self.reference):,} words",
            "memory": self.job.memory,
            "engine": self.engine,
            "candidates": self.verdicts(),
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
        }

    def apply(self, text: str) -> list[str]:
        """Segment a text with the frozen lexicon.

        Raises:
            RuntimeError: nothing is frozen yet.
        """
        return self.to_segmenter().words(text)

    def to_segmenter(self) -> Segmenter:
        """A unigram segmenter over all mined words (known ones and those beyond ``top`` too) and single characters."""
        if self._segmenter is None:
            mined = self._mined()
            self._segmenter = mined_segmenter(
                *mined, self.unit_counts, runs=self.job.runs, threads=self.job.threads
            )
        return self._segmenter

    def unit_counts(self) -> np.ndarray:
        """How often each node is a unit when the corpus is cut by the lexicon with least information, (nodes,).

        Raises:
            RuntimeError: nothing is frozen yet.
        """
        if self._units is None:
            self._units = count_units(*self._mined(), threads=self.job.threads)
        return self._units

    def _mined(self) -> tuple[Symbols, Trie, np.ndarray, np.ndarray | None]:
        if self.trie is None or self.candidates is None:
            raise RuntimeError("nothing is frozen yet: expected fit(corpus) and freeze() first")
        return self.symbols, self.trie, self._words, self.candidates.segments

    def entropy_report(self) -> EntropyReport:
        """Bits per character and per word, before (characters) and after (words) discovery (post 5448)."""
        counts = self.unit_counts()
        alphabet = self.trie.alphabet
        nodes = np.flatnonzero(counts[FIRST_SYMBOL:] > 0) + FIRST_SYMBOL
        symbols = self.trie.paths(nodes)
        lengths = alphabet.lengths[symbols].sum(axis=1)
        characters = Information.of(alphabet.counts[FIRST_SYMBOL:], alphabet.lengths[FIRST_SYMBOL:])
        return EntropyReport(characters, Information.of(counts[nodes], lengths))

    def verdicts(self) -> dict[str, int]:
        """How many candidates were kept, and how many were rejected for each reason."""
        if self.candidates is None:
            raise RuntimeError("nothing is frozen yet: expected fit(corpus) and freeze() first")
        return self.candidates.summary()
