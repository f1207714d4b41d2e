"""Read a lexicon from a file: word tables, dictionaries of jieba and HanLP, plain lists, Unigram tokenizers."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import re
import warnings
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from zhnlp.text.files import atomic_file

TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
LISTS = (".txt", ".dict", ".dic", "")
_WORD = ("word", "term", "token")
_BYTE = re.compile("<0x[0-9A-F]{2}>")


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
    comment line.  A ``tokenizer.json`` of a Unigram model, or the folder that holds it, gives its pieces.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: no word was found, a column is missing, or a number cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "tokenizer.json"
    if not path.exists():
        raise FileNotFoundError(
            f"no lexicon at {path}; expected a file of words, see Segmenter.load for the formats"
        )
    suffix = table_suffix(path)
    if suffix == ".json":
        lexicon = _from_tokenizer(path)
    else:
        lexicon = _from_rows(path, read_rows(path)) if suffix in TABLES else _from_lines(path)
    if not any(lexicon):
        raise ValueError(
            f"{path} holds no word, expected one a line; was the lexicon exported from an empty table?"
        )
    return lexicon


def table_suffix(path: Path) -> str:
    """The suffix that tells the format, .gz taken off, in small letters."""
    return Path(path.name.lower().removesuffix(".gz")).suffix


def read_text(path: Path) -> str:
    """The text of a file of words: UTF-8 or GB18030, plain or packed with gzip.

    Raises:
        ValueError: it is no text.
    """
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (EOFError, zlib.error) as error:
            raise ValueError(f"{path} is a damaged gzip file ({error}); pack or fetch it again") from None
    if b"\0" in data:
        raise ValueError(f"{path} is binary (it has NUL bytes); expected text with one word a line, in UTF-8")
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


def read_rows(path: Path) -> Iterator[dict]:
    """The rows of a table of words (one of ``TABLES``), as dicts, in their order.

    Raises:
        ValueError: the file is no such table.
    """
    suffix = table_suffix(path)
    if suffix == ".parquet":
        import pyarrow.parquet

        try:
            table = pyarrow.parquet.read_table(path)
        except pyarrow.ArrowInvalid as error:
            raise ValueError(f"{path} is no parquet file ({error}); write it again") from None
        wanted = [name for name in table.column_names if name in (*_WORD, "count", "score")]
        yield from table.select(wanted).to_pylist()
    elif suffix in (".csv", ".tsv"):
        lines = io.StringIO(read_text(path), newline="")
        try:
            yield from csv.DictReader(lines, delimiter="\t" if suffix == ".tsv" else ",")
        except csv.Error as error:
            raise ValueError(f"{path} is no table ({error}); expected quotes as csv has them") from None
    else:
        for number, line in enumerate(read_text(path).split("\n"), 1):
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


def _from_tokenizer(path: Path) -> Lexicon:
    try:
        content = json.loads(read_text(path))
        model = content["model"]
        if model["type"] != "Unigram":
            raise ValueError(f"its model is {model['type']}")
        special = {token["content"] for token in content.get("added_tokens") or ()}
        pieces = {word: weight for word, weight in model["vocab"] if word not in special}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no Unigram tokenizer ({error}); expected one that zhnlp wrote") from None
    if model.get("byte_fallback"):
        pieces = {word: weight for word, weight in pieces.items() if not _BYTE.fullmatch(word)}
    return Lexicon({}, pieces, [])


def _from_lines(path: Path) -> Lexicon:
    counts: dict[str, float] = {}
    bare: list[str] = []
    for line in read_text(path).split("\n"):
        fields = line.split()
        if not fields or (line.startswith("#") and len(line) > 1):
            continue
        frequency = next((float(f) for f in fields[1:] if f.replace(".", "", 1).isdecimal()), None)
        if frequency is None:
            bare.append(fields[0])
        elif frequency > 0:
            counts[fields[0]] = counts.get(fields[0], 0) + frequency
    return Lexicon(counts, {}, bare)


def write_weights(weights: Mapping[str, float], path: str | Path) -> Path:
    """Write words and weights (nats) under ``word`` and ``score``, falling, which `read_lexicon` reads as weights.

    Raises:
        ValueError: the ending is not .csv, .tsv or .jsonl.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".tsv", ".jsonl"):
        raise ValueError(f"{path} ends in {suffix or 'nothing'!r}, expected .csv, .tsv or .jsonl")
    rows = sorted(weights.items(), key=lambda row: (-row[1], row[0]))
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        if suffix == ".jsonl":
            file.writelines(json.dumps({"word": w, "score": s}, ensure_ascii=False) + "\n" for w, s in rows)
        else:
            writer = csv.writer(file, delimiter="," if suffix == ".csv" else "\t")
            writer.writerow(("word", "score"))
            writer.writerows(rows)
    return path
