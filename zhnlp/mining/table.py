"""Ranked tables: lists of plain dicts, best first, that can be saved, shown and turned into an Arrow table."""

from __future__ import annotations

import csv
import json
import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict

from zhnlp.mining.contexts import Example
from zhnlp.mining.export import export, row_text, write_jieba, write_list
from zhnlp.text.files import atomic_file

if TYPE_CHECKING:
    import pyarrow

COLUMNS = {  # of the words: key -> kind of its values
    "word": "text",
    "count": "whole",
    "document_count": "whole",
    "segments": "whole",
    "score": "real",
    "pmi": "real",
    "left_entropy": "real",
    "right_entropy": "real",
    "entropy_gain": "real",
    "known": "flag",
    "example": "example",
}
SEPARATOR = "|"  # between the texts of a list, where a format has no lists


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


class RankedTable(list):
    """Rows, best first, and how they are saved.  A kind of table names its columns and its report.

    Attributes:
        columns: key -> kind of its values: "text", "texts" (a list), "whole", "real", "flag" or "example"; in order.
            Rows may lack some and have others.
        report_kind: the kind of page that `report` writes.
        corpus: what was read, repaired and skipped, as plain numbers.
        settings: the parameters that made the table, and seconds by stage.

    Example:
        >>> class Terms(RankedTable):
        ...     columns = {"term": "text", "count": "whole", "nested": "texts"}
        >>> terms = Terms([{"term": "主变压器", "count": 3, "nested": ["变压器"]}])
        >>> terms, terms.words, terms.table.column_names
        (Terms(主变压器 3), ['主变压器'], ['term', 'count', 'nested'])
    """

    columns: ClassVar[Mapping[str, str]] = {}
    report_kind: ClassVar[str] = "words"

    def __init__(
        self, rows: Iterable[Mapping] = (), *, corpus: dict | None = None, settings: dict | None = None
    ):
        super().__init__(rows)
        self.corpus: dict[str, Any] = corpus or {}
        self.settings: dict[str, Any] = settings or {}

    @property
    def words(self) -> list[str]:
        """What the rows are about, best first."""
        return [row_text(row) for row in self]

    @property
    def table(self) -> pyarrow.Table:
        """The rows as an Arrow table; the columns have the same types whatever the rows hold, also none."""
        import pyarrow

        types = _arrow_types()
        columns = {}
        for name in self._names():
            kind = types[self.columns[name]] if name in self.columns else None
            columns[name] = pyarrow.array([row.get(name) for row in self], kind)
        return pyarrow.table(columns)

    def save(self, path: str | Path, format: str | None = None) -> Path:
        """Write the table.

        Args:
            path: a file, or a folder for "tokenizer".
            format: None goes by the ending: .csv (with a byte-order mark, so that Excel reads it), .tsv (lists are
                joined by "|" in both), .jsonl, .parquet: all columns; .dict: jieba user dictionary; .txt: the words,
                best first.  Else "jieba", "hanlp", "ik", "list", or "tokenizer": a Unigram model that AutoTokenizer
                loads.

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

        options = {"corpus": self.corpus, "settings": self.settings, "kind": self.report_kind, **options}
        return write_report(path, self, **options)

    def _names(self) -> list[str]:
        """The columns that some row has, as the rows order them; all described ones if there is no row."""
        return list(dict.fromkeys(key for row in self for key in row)) or list(self.columns)

    def __repr__(self) -> str:
        shown = ", ".join(f"{row_text(row)} {row['count']:,}" for row in self[:5])
        more = f", … {len(self):,} in all" if len(self) > 5 else ""
        return f"{type(self).__name__}({shown}{more})"


class WordTable(RankedTable):
    """Rows of words (see `WordRow`) sorted by falling score, ties by falling count, then by word.

    Example:
        >>> table = WordTable([{"word": "电网", "count": 3, "score": 1.5}])
        >>> table.words, table.table.num_rows
        (['电网'], 1)
    """

    columns = COLUMNS


def _arrow_types() -> dict[str, pyarrow.DataType]:
    import pyarrow

    example = {
        name: pyarrow.string() if name == "text" else pyarrow.int64() for name in Example.__annotations__
    }
    return {
        "text": pyarrow.string(),
        "texts": pyarrow.list_(pyarrow.string()),
        "whole": pyarrow.int64(),
        "real": pyarrow.float64(),
        "flag": pyarrow.bool_(),
        "example": pyarrow.struct(example),
    }


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with its example as three plain columns, and lists as one text."""
    example = row.get("example") or {}
    plain = {
        key: SEPARATOR.join(map(str, value)) if isinstance(value, (list, tuple)) else value
        for key, value in row.items()
        if key != "example"
    }
    return {
        **plain,
        "example": example.get("text"),
        "document": example.get("document"),
        "offset": example.get("offset"),
    }


def _write_csv(rows: RankedTable, path: Path, delimiter: str) -> None:
    names = _flat(dict.fromkeys(rows._names()))
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, names, delimiter=delimiter)
        writer.writeheader()
        writer.writerows(map(_flat, rows))


def _write_jsonl(rows: RankedTable, path: Path) -> None:
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _write_parquet(rows: RankedTable, path: Path) -> None:
    import pyarrow.parquet

    with atomic_file(path) as temporary:
        pyarrow.parquet.write_table(rows.table, temporary)


_WRITERS: dict[str, Callable[[RankedTable, Path], Any]] = {
    ".csv": partial(_write_csv, delimiter=","),
    ".tsv": partial(_write_csv, delimiter="\t"),
    ".jsonl": _write_jsonl,
    ".parquet": _write_parquet,
    ".dict": write_jieba,
    ".txt": write_list,
}


def writer_of(path: str | Path) -> Callable[[RankedTable, Path], Any]:
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
