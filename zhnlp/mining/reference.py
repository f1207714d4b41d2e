"""What is known already: reference dictionaries against which mined words are new."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from zhnlp.mining.segmentation.reading import TABLES, read_rows, read_text, table_suffix

JIEBA = "jieba"


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


def read_words(path: str | Path) -> list[str]:
    """The words of a dictionary file: one a line, whatever follows the first blank, tab or comma is ignored.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is no text.
    """
    text = read_text(_there(path)).replace(",", " ")
    fields = (line.split(None, 1) for line in text.split("\n") if not line.startswith("#"))
    return [field[0] for field in fields if field]


def read_ranked(path: str | Path) -> list[str]:
    """The words of a saved table or of a list, in the order of the file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no text, or has no column of words.
    """
    path = _there(path)
    if table_suffix(path) not in TABLES:
        return read_words(path)
    rows = list(read_rows(path))
    key = next((name for name in ("word", "term") if rows and name in rows[0]), None)
    if rows and key is None:
        raise ValueError(
            f"{path} has the columns {', '.join(map(str, rows[0])) or 'none'}: expected one called word or term"
        )
    for number, row in enumerate(rows, 1):
        if not isinstance(row.get(key), str) or not row[key].strip():
            raise ValueError(f"{path}, row {number} has the {key} {row.get(key)!r}: expected text")
    return [row[key] for row in rows]


def _there(path: str | Path) -> Path:
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is {'a folder' if path.is_dir() else 'not there'}: expected a file of words. Next: ls {path.parent}"
        )
    return path


def reference_words(reference: str | Path | Iterable[str] | None) -> str | frozenset[str]:
    """What `known_words` compares with: the words of a file or an iterable, none for None, "jieba" as it is.

    Example:
        >>> reference_words("jieba"), sorted(reference_words(["电站"])), len(reference_words(None))
        ('jieba', ['电站'], 0)
    """
    if reference is None:
        return frozenset()
    if isinstance(reference, str) and reference == JIEBA:
        return JIEBA  # its 350,000 words are read when they are asked for, and not kept
    if isinstance(reference, (str, Path)):
        return frozenset(read_ranked(reference))
    return frozenset(reference)


def known_words(words: Iterable[str], reference: str | frozenset[str]) -> set[str]:
    """Those of ``words`` that the reference has.

    Example:
        >>> sorted(known_words(["电网", "网电"], "jieba")), known_words(["电网"], frozenset())
        (['电网'], set())
    """
    if reference != JIEBA:
        return set(words) & reference
    wanted = {word.encode(): word for word in words}
    listed = re.findall(rb"^[^ \n]+", jieba_dictionary().read_bytes(), re.MULTILINE)
    return {wanted[word] for word in listed if word in wanted}
