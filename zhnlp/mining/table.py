"""The ranked table of words: a list of plain dicts that can be saved, shown and turned into an Arrow table."""

from __future__ import annotations

import csv
import json
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from zhnlp.mining.contexts import Example
from zhnlp.mining.export import export, write_jieba, write_list
from zhnlp.text.files import atomic_file

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
        """The rows as an Arrow table; the columns have the same types whatever the rows hold, also none."""
        import pyarrow

        kinds = {
            **dict.fromkeys(("count", "document_count", "segments"), pyarrow.int64()),
            **dict.fromkeys(
                ("score", "pmi", "left_entropy", "right_entropy", "entropy_gain"), pyarrow.float64()
            ),
            "word": pyarrow.string(),
            "known": pyarrow.bool_(),
            "example": pyarrow.struct(
                {
                    name: pyarrow.string() if name == "text" else pyarrow.int64()
                    for name in Example.__annotations__
                }
            ),
        }
        names = list(self[0]) if self else COLUMNS
        return pyarrow.table(
            {name: pyarrow.array([row.get(name) for row in self], kinds.get(name)) for name in names}
        )

    def save(self, path: str | Path, format: str | None = None) -> Path:
        """Write the table.

        Args:
            path: a file, or a folder for "tokenizer".
            format: None goes by the ending: .csv (with a byte-order mark, so that Excel reads it), .tsv, .jsonl,
                .parquet: all columns; .dict: jieba user dictionary; .txt: the words, best first.  Else "jieba",
                "hanlp", "ik", "list", or "tokenizer": a Unigram model that AutoTokenizer loads.

        Raises:
            ValueError: the ending or the format is not known.
        """
        if format is not None:
            export(self, path, format)
            return Path(path)
        write = writer_of(path)
        if not self:
            warnings.warn(f"the table is empty, so {path} will hold no word", stacklevel=2)
        write(self, Path(path))
        return Path(path)

    def report(self, path: str | Path, **options: Any) -> Path:
        """Write a self-contained HTML page with the ranked table, plots, contexts and the corpus report."""
        from zhnlp.mining.report import write_report

        return write_report(path, self, corpus=self.corpus, settings=self.settings, **options)

    def __repr__(self) -> str:
        shown = ", ".join(f"{row['word']} {row['count']:,}" for row in self[:5])
        more = f", … {len(self):,} in all" if len(self) > 5 else ""
        return f"WordTable({shown}{more})"


def _flat(row: WordRow) -> dict[str, Any]:
    """The row with its example as three plain columns."""
    example = row.get("example") or {}
    plain = {key: value for key, value in row.items() if key != "example"}
    return {
        **plain,
        "example": example.get("text"),
        "document": example.get("document"),
        "offset": example.get("offset"),
    }


def _write_csv(rows: WordTable, path: Path, delimiter: str) -> None:
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, _flat(rows[0]) if rows else COLUMNS, delimiter=delimiter)
        writer.writeheader()
        writer.writerows(map(_flat, rows))


def _write_jsonl(rows: WordTable, path: Path) -> None:
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _write_parquet(rows: WordTable, path: Path) -> None:
    import pyarrow.parquet

    with atomic_file(path) as temporary:
        pyarrow.parquet.write_table(rows.table, temporary)


_WRITERS: dict[str, Callable[[WordTable, Path], Any]] = {
    ".csv": partial(_write_csv, delimiter=","),
    ".tsv": partial(_write_csv, delimiter="\t"),
    ".jsonl": _write_jsonl,
    ".parquet": _write_parquet,
    ".dict": write_jieba,
    ".txt": write_list,
}


def writer_of(path: str | Path) -> Callable[[WordTable, Path], Any]:
    """The writer that the ending of ``path`` asks for.

    Raises:
        ValueError: the ending is not known.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _WRITERS:
        raise ValueError(
            f"{path} ends in {suffix or 'nothing'!r}: expected one of {', '.join(_WRITERS)}. "
            'For other programs: format="hanlp", "ik" or "tokenizer"'
        )
    return _WRITERS[suffix]
