"""What is known already: reference dictionaries against which mined words are new."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path


def jieba_dictionary() -> Path:
    """The dictionary file that jieba ships.

    Raises:
        ModuleNotFoundError: jieba is not installed.
    """
    import importlib.util

    spec = importlib.util.find_spec("jieba")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            "jieba's dictionary is not here. Next: pip install jieba, or name a dictionary"
        )
    return Path(spec.origin).parent / "dict.txt"


@cache
def jieba_words() -> frozenset[str]:
    """The words of the dictionary that jieba ships."""
    return frozenset(read_words(jieba_dictionary()))


def read_words(path: str | Path) -> list[str]:
    """The words of a dictionary file: one a line, whatever follows the first blank, tab or comma is ignored.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not UTF-8 text.
    """
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not UTF-8 text (byte {error.start}): expected a dictionary with one word a line. "
            f"Next: iconv -f GB18030 -t UTF-8 {path}"
        ) from None
    text = text.replace("\t", " ").replace(",", " ")
    return [line.split(" ", 1)[0] for line in text.splitlines() if line and not line.startswith("#")]


def read_ranked(path: str | Path) -> list[str]:
    """The words of a saved table, best first: the order of the file is kept.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it has no column of words.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".tsv", ".jsonl", ".parquet"):
        return read_words(path)
    if suffix == ".parquet":
        import pyarrow.parquet

        rows = pyarrow.parquet.read_table(path).to_pylist()
    elif suffix == ".jsonl":
        rows = [json.loads(line) for line in path.read_text("utf-8-sig").splitlines() if line.strip()]
    else:
        rows = list(
            csv.DictReader(
                path.read_text("utf-8-sig").splitlines(), delimiter="," if suffix == ".csv" else "\t"
            )
        )
    key = next((name for name in ("word", "term") if rows and name in rows[0]), None)
    if rows and key is None:
        raise ValueError(
            f"{path} has the columns {', '.join(map(str, rows[0]))}: expected one called word or term"
        )
    return [row[key] for row in rows]


def reference_words(reference: str | Path | Iterable[str] | None) -> frozenset[str]:
    """The known words: "jieba", a dictionary file, an iterable of words, or None for no reference.

    Example:
        >>> "电网" in reference_words("jieba"), "电网" in reference_words(["电站"]), len(reference_words(None))
        (True, False, 0)
    """
    if reference is None:
        return frozenset()
    if isinstance(reference, str) and reference == "jieba":
        return jieba_words()
    if isinstance(reference, (str, Path)):
        return frozenset(read_words(reference))
    return frozenset(reference)
