"""From whatever a user has of statistics (nothing, a table of terms, a file, a corpus) to a background."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from zhnlp.mining.segmentation.reading import TABLES, read_rows, table_suffix
from zhnlp.mining.segmentation.weights import fold
from zhnlp.mining.terms.keywords.background import Background
from zhnlp.mining.terms.keywords.extractor import KeywordExtractor
from zhnlp.mining.terms.reference import ReferenceCounts
from zhnlp.text import Corpus
from zhnlp.text.files import atomic_file

_WORD = ("term", "word")
_DOCUMENTS = "documents"  # key of the first line of a saved collection


def make_extractor(statistics: Any = None) -> KeywordExtractor:
    """An extractor over the reference that ships and, where given, what was mined.

    Args:
        statistics: None; a table of terms or its rows, best first; a file of such a table, or one that `save_collection`
            wrote; texts to learn from as a `Corpus`, a path, a pattern or several; counts of another reference
            (``count(texts)`` and ``total``); a `KeywordExtractor`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the table holds no term, or is damaged.
        TypeError: it is none of these.
    """
    if isinstance(statistics, KeywordExtractor):
        return statistics
    if statistics is None:
        return KeywordExtractor(Background(ReferenceCounts.builtin()))
    if hasattr(statistics, "total") and not isinstance(statistics, (list, tuple)):  # lists count too
        return KeywordExtractor(Background(statistics))
    if isinstance(statistics, Corpus):
        return make_extractor().fit(statistics)
    if isinstance(statistics, (str, Path)):
        return _from_path(Path(statistics)) if Path(statistics).is_file() else _from_paths(statistics)
    if isinstance(statistics, (bytes, Mapping)) or not isinstance(statistics, Iterable):
        raise TypeError(
            f"statistics got {type(statistics).__name__}: expected a table of terms, its rows, a file of them, paths of a "
            "corpus, or None. Next: texts in memory go to fit(texts)"
        )
    rows = list(statistics)
    if rows and all(isinstance(row, (str, Path)) for row in rows):
        return _from_paths(rows)
    return KeywordExtractor(Background(ReferenceCounts.builtin(), terms=ranked_terms(rows, "statistics")))


def ranked_terms(rows: Iterable[Any], name: str) -> dict[str, float]:
    """Terms in small letters with their rank: 1 for the first row, falling evenly to nearly 0 for the last.

    Example:
        >>> ranked_terms([{"term": "避雷器"}, {"term": "GIS设备"}], "rows")
        {'避雷器': 1.0, 'gis设备': 0.5}

    Raises:
        ValueError: there is no row, or one without a term.
    """
    terms: dict[str, None] = {}
    for number, row in enumerate(rows):
        term = next((row[key] for key in _WORD if key in row), None) if isinstance(row, Mapping) else None
        if not isinstance(term, str) or not term.strip():
            got = f"the keys {', '.join(map(str, row))}" if isinstance(row, Mapping) else repr(row)
            raise ValueError(
                f"{name}, row {number + 1} has {got:.80}: expected a term, as zhnlp terms writes it"
            )
        terms.setdefault(fold(term.strip()).lower())
    if not terms:
        raise ValueError(
            f"{name} holds no term: expected one or more rows. Next: was it saved from an empty table?"
        )
    return {term: 1 - rank / len(terms) for rank, term in enumerate(terms)}


def _from_path(path: Path) -> KeywordExtractor:
    """Of a file: a saved collection, a table of terms, or else a corpus."""
    if table_suffix(path) not in TABLES:
        return _from_paths(path)
    rows = read_rows(path)
    first = next(rows, None)
    if first is None:
        raise ValueError(
            f"{path} is empty: expected a row of a table of terms, or texts. Next: write it again"
        )
    if _DOCUMENTS in first:
        return _collection(path, first[_DOCUMENTS], rows)
    if not any(key in first for key in _WORD):
        return _from_paths(path)
    terms = ranked_terms([first, *rows], str(path))
    return KeywordExtractor(Background(ReferenceCounts.builtin(), terms=terms))


def _from_paths(paths: Any) -> KeywordExtractor:
    return make_extractor().fit(Corpus.from_paths(paths))


def save_collection(background: Background, path: str | Path) -> Path:
    """Write what was learnt of a collection as JSON lines, phrases of a single document left out.

    Raises:
        ValueError: the ending is not .jsonl, or nothing was learnt.
    """
    path = Path(path)
    if path.suffix != ".jsonl":
        raise ValueError(f"{path} ends in {path.suffix or 'nothing'!r}: expected .jsonl")
    if not background.documents:
        raise ValueError("nothing was learnt of a collection: expected fit(texts) before save(...)")
    kept = sorted((-count, key) for key, count in background.document_counts.items() if count > 1)
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps({_DOCUMENTS: background.documents}) + "\n")
        rows = ({"phrase": key, "document_count": -count} for count, key in kept)
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return path


def _collection(path: Path, documents: Any, rows: Iterable[dict]) -> KeywordExtractor:
    background = Background(ReferenceCounts.builtin())
    if isinstance(documents, bool) or not isinstance(documents, int) or documents < 1:
        raise ValueError(f"{path} says {documents!r} documents: expected a whole number. Next: save it again")
    background.documents = documents
    for number, row in enumerate(rows, 2):
        phrase, count = row.get("phrase"), row.get("document_count")
        if not isinstance(phrase, str) or not isinstance(count, int) or not 0 < count <= documents:
            raise ValueError(
                f"{path}, line {number} is {row!r:.60}: expected a phrase and its document_count of at most {documents}. "
                "Next: save it again"
            )
        background.document_counts[phrase] = count
    return KeywordExtractor(background)
