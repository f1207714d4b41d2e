"""The ranked table of words: a list of plain dicts that can be saved, shown and turned into an Arrow table."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from zhnlp.mining.contexts import Example

if TYPE_CHECKING:
    import pyarrow

COLUMNS = (
    "word",
    "count",
    "document_count",
    "segments",
    "score",
    "pmi",
    "left_entropy",
    "right_entropy",
    "entropy_gain",
    "known",
    "example",
)


class WordRow(TypedDict):
    """A mined word: counts, PMI and entropies in nats, score as a log-odds (see `zhnlp.mining.score`)."""

    word: str
    count: int
    document_count: int
    segments: int | None
    score: float
    pmi: float | None
    left_entropy: float
    right_entropy: float
    entropy_gain: float
    known: bool
    example: Example | None


class WordTable(list):
    """Rows sorted by falling score, ties by falling count, then by word.

    Attributes:
        corpus: what was read, repaired and skipped, as plain numbers.
        settings: the parameters that made the table, and seconds by stage.

    Example:
        >>> table = WordTable([{"word": "电网", "count": 3, "score": 1.5}])
        >>> table.words, table.table.num_rows
        (['电网'], 1)
    """

    def __init__(
        self, rows: Iterable[WordRow] = (), *, corpus: dict | None = None, settings: dict | None = None
    ):
        super().__init__(rows)
        self.corpus: dict[str, Any] = corpus or {}
        self.settings: dict[str, Any] = settings or {}

    @property
    def words(self) -> list[str]:
        """The words, best first."""
        return [row["word"] for row in self]

    @property
    def table(self) -> pyarrow.Table:
        """The rows as an Arrow table."""
        import pyarrow

        return pyarrow.Table.from_pylist(list(self))

    def save(self, path: str | Path) -> Path:
        """Write the table; the ending says how: .csv, .jsonl, .parquet, .dict (jieba user dictionary), .txt (words).

        Raises:
            ValueError: the ending is none of these.
        """
        from zhnlp.mining.export import write_lexicon

        if not self:
            warnings.warn(f"the table is empty, so {path} will hold no word", stacklevel=2)
        return write_lexicon(self, path)

    def report(self, path: str | Path, **options: Any) -> Path:
        """Write a self-contained HTML page with the ranked table, plots, contexts and the corpus report."""
        from zhnlp.mining.report import write_report

        return write_report(path, self, corpus=self.corpus, settings=self.settings, **options)

    def __repr__(self) -> str:
        shown = ", ".join(f"{row['word']} {row['count']:,}" for row in self[:5])
        more = f", … {len(self):,} in all" if len(self) > 5 else ""
        return f"WordTable({shown}{more})"
