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
from zhnlp.mining.report.summary import why_empty
from zhnlp.text.files import write_whole


def write_report(
    path: str | os.PathLike,
    rows: Iterable[Mapping],
    *,
    corpus: Mapping | None = None,
    settings: Mapping | None = None,
    title: str | None = None,
    language: str = "en",
    columns: Iterable[Column] = WORD_COLUMNS,
) -> Path:
    """Write a mined lexicon as one self-contained HTML page that needs no network.

    Args:
        path: the file to write; folders above it are made.
        rows: ranked rows with "word" or "term", and what else there is: count, document_count, score, pmi (nats),
            left_entropy, right_entropy, entropy_gain, segments, known, example ({"text", "start", "end",
            "document"}).  Keys may be missing; keys that ``columns`` does not describe get a plain column.
        corpus: what was read and skipped, nested; or an object with ``as_dict``, such as ``Corpus.report``.
        settings: parameters, seed, versions, and "seconds" (a number, or stage -> number).
        title: heading of the page; "New words" (or 新词) unless given.
        language: language of the page, "en" or "zh".
        columns: descriptions of the columns, in order.

    Returns:
        The path of the page.

    Raises:
        ValueError: an unknown language, rows without a word, or an example whose offsets leave its line.
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
    corpus, settings = plain(corpus or {}), plain(settings or {})
    page = render_page(
        rows,
        columns,
        corpus=corpus,
        settings=settings,
        title=title,
        language=language,
        name=path.stem,
    )
    if not rows:
        warnings.warn(
            f"{path} holds no words: {why_empty(corpus, settings, labels('en'))}", UserWarning, stacklevel=2
        )
    write_whole(path, page)
    return path
