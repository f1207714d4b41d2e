"""Answers that some system gave, from a file: one text for each question's id."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any


def read_predictions(path: str | Path) -> dict[str, str]:
    """Id → answer: JSON ``{id: answer}`` as CMRC2018 and SQuAD have it, JSONL with ``id`` and ``answer``, or lines ``id<TAB>answer``.

    A line without a tab is an id without an answer.

    Raises:
        ValueError: a line of another form, an answer that is no text, or an id twice.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "found.tsv").write_text("10000\\t林海音\\n10001\\n", encoding="utf-8")
        ...     read_predictions(f"{folder}/found.tsv")
        {'10000': '林海音', '10001': ''}
    """
    found: dict[str, str] = {}
    for place, name, answer in _pairs(Path(path), Path(path).read_text("utf-8-sig")):
        if not isinstance(answer, str):
            raise ValueError(f"{path}, {place}: the answer of {name!r} is {answer!r:.60}: expected a text")
        if name in found:
            raise ValueError(f"{path}, {place}: {name!r} has an answer above too: expected one each")
        found[name] = answer
    if not found:
        raise ValueError(f"{path} holds no answer: expected JSON {{id: answer}}, JSONL, or id<TAB>answer")
    return found


def in_order(predictions: Mapping[str, str], ids: Iterable[str]) -> list[str]:
    """The answers of questions by their ids; of one that has none "", which is warned of, as are answers that nobody asked for.

    Raises:
        ValueError: no question has an answer: the ids are of other questions.

    Example:
        >>> in_order({"b": "乙", "a": "甲"}, ["a", "b"])
        ['甲', '乙']
    """
    ids = list(ids)
    missing = [name for name in ids if name not in predictions]
    if len(missing) == len(ids):
        raise ValueError(
            f"none of the {len(ids):,} questions has an answer: their ids are such as {ids[0] if ids else ''!r}, those of the answers such as "
            f"{next(iter(predictions), '')!r}. Likely answers to other questions"
        )
    more = len(predictions) - (len(ids) - len(missing))
    if missing or more:
        warnings.warn(
            f"{len(missing):,} questions have no answer and count as wrong, {more:,} answers are of questions that are not there",
            stacklevel=2,
        )
    return [predictions.get(name, "") for name in ids]


def _pairs(path: Path, text: str) -> Iterator[tuple[str, str, Any]]:
    """Where it stands, id, answer."""
    if text.lstrip()[:1] in "{[" and text.strip():
        try:
            whole = json.loads(text, object_pairs_hook=_Pairs)
        except json.JSONDecodeError:
            whole = None
        if isinstance(whole, _Pairs) and not {"id", "answer"} <= {name for name, _ in whole}:
            yield from (("the object", name, answer) for name, answer in whole)
            return
        rows: Iterable[Any] = whole if type(whole) is list else text.split("\n")
        for number, row in enumerate(rows, 1):
            if isinstance(row, str):
                if not row.strip():
                    continue
                row = _parsed(row)
            fields = dict(row) if isinstance(row, (dict, _Pairs)) else {}
            if not {"id", "answer"} <= fields.keys():
                raise ValueError(f"{path}, row {number} is no answer: expected an object with id and answer")
            yield f"row {number}", str(fields["id"]), fields["answer"]
        return
    for number, line in enumerate(text.split("\n"), 1):
        fields = line.rstrip("\r").split("\t")
        if len(fields) > 2 or not (line.strip() and fields[0]):
            if line.strip():
                raise ValueError(f"{path}, line {number} has {len(fields)} fields: expected id<TAB>answer")
            continue
        yield f"line {number}", fields[0].strip(), fields[1] if len(fields) > 1 else ""


class _Pairs(list):
    """An object of JSON with its names as they stand there, repeated ones too."""


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return None
