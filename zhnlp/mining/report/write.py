"""``write_report``: a lexicon as one HTML file, whole or not at all."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path

from zhnlp.mining.report.columns import WORD_COLUMNS, Column
from zhnlp.mining.report.escape import plain
from zhnlp.mining.report.labels import labels
from zhnlp.mining.report.page import render_page
from zhnlp.mining.report.rejected import rejected_rules
from zhnlp.mining.report.summary import why_empty
from zhnlp.mining.report.term_columns import TERM_COLUMNS
from zhnlp.text.files import write_whole

_COLUMNS = {"words": WORD_COLUMNS, "terms": TERM_COLUMNS}


def write_report(
    path: str | os.PathLike,
    rows: Iterable[Mapping],
    *,
    corpus: Mapping | None = None,
    settings: Mapping | None = None,
    title: str | None = None,
    language: str = "en",
    kind: str = "words",
    columns: Iterable[Column] | None = None,
) -> Path:
    """Write a mined lexicon as one self-contained HTML page that needs no network.

    Args:
        path: the file to write; folders above it are made.
        rows: ranked rows with "word" or "term", and what else there is: count, document_count, score, pmi (nats),
            left_entropy, right_entropy, entropy_gain, segments, known, example ({"text", "start", "end",
            "document"}).  Keys may be missing; keys that ``columns`` does not describe get a plain column.
        corpus: what was read and skipped, nested; or an object with ``as_dict``, such as ``Corpus.report``.
        settings: parameters, seed, versions, and "seconds" (a number, or stage -> number).
        title: heading of the page; "New words" or "Domain terms" (新词, 领域术语) unless given.
        language: language of the page, "en" or "zh".
        kind: "words" or "terms": what the page calls its rows, and which columns it describes.
        columns: descriptions of the columns, in order; None takes `WORD_COLUMNS` or `TERM_COLUMNS`.

    Returns:
        The path of the page.

    Raises:
        ValueError: an unknown language or kind, rows without a word, or an example whose offsets leave its line.
        TypeError: rows that are not mappings, or a value that does not fit its column.
        IsADirectoryError: the path is a folder.

    Example:
        >>> import tempfile
        >>> rows = [{"word": "深度学习", "count": 6, "score": 2.5, "known": False}]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     page = write_report(f"{folder}/out/words.html", rows, corpus={"characters": 30})
        ...     page.name, "深度学习" in page.read_text(encoding="utf-8")
        ('words.html', True)
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder, expected a file: write to {path / 'report.html'}")
    rows = list(rows)
    for at, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise TypeError(
                f"rows[{at}] is of type {type(row).__name__}, expected a dict with 'word' or 'term': "
                "hand over the rows of a table, not the words alone"
            )
    if columns is None:
        columns = _COLUMNS.get(kind, ())
    corpus, settings = plain(corpus or {}), plain(settings or {})
    page = render_page(
        rows,
        columns,
        corpus=corpus,
        settings=settings,
        title=title,
        language=language,
        kind=kind,
        name=path.stem,
    )
    if not rows:
        warnings.warn(
            f"{path} holds no {kind}: {why_empty(corpus, settings, labels('en', kind), rejected_rules(settings))}",
            UserWarning,
            stacklevel=2,
        )
    write_whole(path, page)
    return path
