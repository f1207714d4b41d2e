"""Read a lexicon from a file: word tables, dictionaries of jieba and HanLP, plain lists."""

from __future__ import annotations

import csv
import gzip
import json
import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
LISTS = (".txt", ".dict", ".dic", "")
_WORD = ("word", "term", "token")


class Lexicon(NamedTuple):
    """What a file said: words with a count, words with a weight (nats), and words with neither."""

    counts: dict[str, float]
    weights: dict[str, float]
    bare: list[str]


def read_lexicon(path: str | Path) -> Lexicon:
    """Read a file of words, its format told by its suffix (.gz behind it is taken off first).

    ``.csv``, ``.tsv``, ``.jsonl`` and ``.parquet`` need a column ``word`` (or ``term``) and should have ``count``;
    without it ``score`` is taken: as natural logarithms when none is above 0, else like counts.  Any other file is
    a list: ``word``, ``word freq``, ``word freq tag`` (jieba) or ``word tag freq`` (HanLP) a line; ``#`` begins a
    comment line.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: no word was found, a column is missing, or a number cannot be read.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(
            f"no lexicon at {path}; expected a file of words, see Segmenter.load for the formats"
        )
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    lexicon = _from_rows(path, _rows(path, suffix)) if suffix in TABLES else _from_lines(path)
    if not any(lexicon):
        raise ValueError(
            f"{path} holds no word, expected one a line; was the lexicon exported from an empty table?"
        )
    return lexicon


def _text(path: Path) -> str:
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError:
            raise ValueError(
                f"{path} is neither UTF-8 nor GB18030 ({error}); save it as UTF-8 and load it again"
            ) from None
        warnings.warn(f"{path} is not UTF-8 and was read as GB18030", stacklevel=6)
        return text


def _rows(path: Path, suffix: str) -> Iterator[dict]:
    if suffix == ".parquet":
        import pyarrow.parquet

        table = pyarrow.parquet.read_table(path)
        wanted = [name for name in table.column_names if name in (*_WORD, "count", "score")]
        yield from table.select(wanted).to_pylist()
    elif suffix in (".csv", ".tsv"):
        lines = _text(path).splitlines(keepends=True)
        yield from csv.DictReader(lines, delimiter="\t" if suffix == ".tsv" else ",")
    else:
        for number, line in enumerate(_text(path).split("\n"), 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise ValueError(
                    f"{path}, line {number} is no JSON ({error}); expected one object a line"
                ) from None
            yield row if isinstance(row, dict) else {"word": row}


def _from_rows(path: Path, rows: Iterator[dict]) -> Lexicon:
    words, values, bare = [], [], []
    name = column = None
    for number, row in enumerate(rows, 1):
        if name is None:
            name = next((n for n in _WORD if n in row), None)
            if name is None:
                raise ValueError(
                    f"{path} has the columns {', '.join(map(str, row)) or 'none'}, expected one named 'word' or "
                    "'term'; rename the column of words"
                )
            column = next((n for n in ("count", "score") if row.get(n) not in (None, "")), None)
        word = row.get(name)
        if not isinstance(word, str) or not word.strip():
            continue
        value = row.get(column) if column else None
        if value in (None, ""):
            bare.append(word.strip())
            continue
        try:
            values.append(float(value))
        except (TypeError, ValueError):
            raise ValueError(f"{path}, row {number}: {column} is {value!r}, expected a number") from None
        words.append(word.strip())
    table: dict[str, float] = {}
    logarithms = column == "score" and all(value <= 0 for value in values)
    for word, value in zip(words, values):
        if logarithms:
            table[word] = max(value, table.get(word, -math.inf))
        elif value > 0:
            table[word] = table.get(word, 0) + value
    return Lexicon({}, table, bare) if logarithms else Lexicon(table, {}, bare)


def _from_lines(path: Path) -> Lexicon:
    counts: dict[str, float] = {}
    bare: list[str] = []
    for line in _text(path).split("\n"):
        fields = line.split()
        if not fields or (line.startswith("#") and len(line) > 1):
            continue
        frequency = next((float(f) for f in fields[1:] if f.replace(".", "", 1).isdecimal()), None)
        if frequency is None:
            bare.append(fields[0])
        elif frequency > 0:
            counts[fields[0]] = counts.get(fields[0], 0) + frequency
    return Lexicon(counts, {}, bare)
