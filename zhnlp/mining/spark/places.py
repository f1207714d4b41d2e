"""Where documents stand: their numbers in the whole corpus, as one machine would number them, and what was read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from zhnlp.mining.contexts import Example, find_examples
from zhnlp.mining.spark.arrow import batches_of
from zhnlp.mining.spark.pieces import Reading, pieces
from zhnlp.mining.width_variants import by_term, count_spellings
from zhnlp.text.report import EXAMPLES, CorpusReport

if TYPE_CHECKING:
    import pyarrow

FOUND = {"word": "int", "example": "string"}
SPELT = {"word": "int", "spelling": "string", "count": "bigint"}
METADATA = ("part", "path", "start", "spans", "filled", "size", "report")


class Where(NamedTuple):
    """A piece: a stretch of a file."""

    part: int
    path: str
    start: int


class Places:
    """The pieces of the corpus in order.

    Args:
        rows: columns `METADATA` of all encoded rows.
        ranks: for each part, what its files are sorted by.
    """

    def __init__(self, rows: Iterable[dict], ranks: list[Callable[[str], tuple]]):
        spans: dict[Where, list[int]] = {}
        reports: dict[Where, dict] = {}
        for row in rows:
            where = Where(row["part"], row["path"], row["start"])
            tally = spans.setdefault(where, [0, 0])
            tally[0] += row["spans"]
            tally[1] += row["filled"]
            if row["report"] is not None:
                reports[where] = json.loads(row["report"])
        self.pieces = sorted(spans, key=lambda w: (w.part, ranks[w.part](w.path), w.start))
        counts = np.array([spans[where] for where in self.pieces], np.int64).reshape(-1, 2)
        self._bounds = np.append(0, np.cumsum(counts[:, 0]))
        filled = np.append(0, np.cumsum(counts[:, 1]))
        self.numbers = dict(
            zip(self.pieces, self._bounds.tolist())
        )  # of the first document, blank ones counted
        self.filled = dict(zip(self.pieces, filled.tolist()))  # documents that are not blank before the piece
        self._reports, self._ranks = reports, ranks

    @property
    def documents(self) -> int:
        """How many documents there are, blank ones counted."""
        return int(self._bounds[-1])

    def reports(self) -> list[CorpusReport]:
        """What was read, one for each part."""
        parts = range(len(self._ranks))
        return [_sum([w for w in self.pieces if w.part == part], self._reports) for part in parts]

    def wanted(self, words: list[str], documents: np.ndarray) -> dict[Where, list[tuple[int, int, str]]]:
        """For each piece the (document in it, number of the word, word) that are to be found there."""
        piece = np.searchsorted(self._bounds, documents, side="right") - 1
        wanted: dict[Where, list[tuple[int, int, str]]] = {}
        for number in np.flatnonzero(documents >= 0).tolist():
            at = int(piece[number])
            place = int(documents[number] - self._bounds[at]), number, words[number]
            wanted.setdefault(self.pieces[at], []).append(place)
        return wanted


def _sum(pieces: list[Where], reports: dict[Where, dict]) -> CorpusReport:
    total = CorpusReport(files=len({where.path for where in pieces if where.path}))
    for where in pieces:
        report = reports.get(where, {})
        for name in ("documents", "characters", "bytes", "repaired_lines", "split_lines"):
            setattr(total, name, getattr(total, name) + report.get(name, 0))
        total.skipped.update(report.get("skipped", {}))
        total.encodings.update(report.get("encodings", {}))
        for example in report.get("examples", ())[: EXAMPLES - len(total.examples)]:
            place = f" from byte {where.start:,}" if where.start else ""
            total.examples.append((example["path"] + place, example["line"], example["reason"]))
    return total


def show_words(
    batches: Iterable[pyarrow.RecordBatch],
    reading: Reading,
    part: int,
    wanted: dict[Where, list[tuple[int, int, str]]],
    filled: dict[Where, int],
    split_runs: bool,
) -> Iterator[pyarrow.RecordBatch]:
    """Map: rows of files to rows `FOUND`: an example for each word that occurs first in a document here."""

    def rows():
        for piece in pieces(batches, reading):
            where = Where(part, piece.path, piece.start)
            if where not in wanted:
                continue
            spans, numbers, words = zip(*wanted[where])
            for number, example in zip(
                numbers, find_examples(piece.corpus, words, np.array(spans), split_runs)
            ):
                if example is not None:
                    example["document"] += filled[where]
                    yield number, json.dumps(example, ensure_ascii=False)

    yield from batches_of(FOUND, rows())


def count_spelt(
    batches: Iterable[pyarrow.RecordBatch], reading: Reading, words: list[str], split_runs: bool
) -> Iterator[pyarrow.RecordBatch]:
    """Map: rows of files to rows `SPELT`: full-width spellings of the words, and how often each stands here."""

    def rows():
        for piece in pieces(batches, reading):
            for (word, spelling), count in count_spellings(piece.corpus.blocks(), words, split_runs).items():
                yield word, spelling, count

    yield from batches_of(SPELT, rows())


def read_spellings(rows: Iterable[dict], size: int) -> list[list[str]]:
    """The spellings by number of the word."""
    counts: Counter[tuple[int, str]] = Counter()
    for row in rows:
        counts[row["word"], row["spelling"]] += row["count"]
    return by_term(counts, size)


def read_examples(rows: Iterable[dict], size: int) -> list[Example | None]:
    """The examples by number of the word."""
    examples: list[Example | None] = [None] * size
    for row in rows:
        examples[row["word"]] = json.loads(row["example"])
    return examples
