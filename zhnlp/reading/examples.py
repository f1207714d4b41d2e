"""Questions to learn from or to score: checked, with the places of their answers."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zhnlp.reading.forms import of_row, questions, raw


@dataclass(frozen=True)
class Example:
    """A question with passages.

    Attributes:
        question: its text.
        passages: their texts.
        places: of the answers, (passage, start, end): ``passages[passage][start:end]`` is one.
        id: its name, "" for none.
        texts: the right answers, in order; equal ones as often as they were given.
    """

    question: str
    passages: tuple[str, ...]
    places: tuple[tuple[int, int, int], ...] = ()
    id: str = ""
    texts: tuple[str, ...] = field(default=(), compare=False)


def read_examples(source: Any, labels: str = "given") -> list[Example]:
    """Questions of a file (see `zhnlp.reading.forms.raw`), of several, or of dicts of those forms; a list of `Example` as it is.

    Questions whose answers stand nowhere, and such without text, are left out and warned of.

    Args:
        source: a path, or a list of dicts: ``{"question", "context", "answers": [{"text", "start"}]}`` (or ``"answer": text``), or
            ``{"question", "passages": [{"passage", "answer"}]}``.
        labels: "given" learns the place that the set gives, "all" every place where the string stands (post 5409); where no place is
            given it is always all.

    Raises:
        ValueError: labels of another name, a file of no known form, or no question at all.
        TypeError: what was given is no path, list or dict.

    Example:
        >>> rows = [{"question": "谁写的？", "context": "曹雪芹写的。", "answers": [{"text": "曹雪芹", "start": 0}]}]
        >>> read_examples(rows)[0].places
        ((0, 0, 3),)

    Source: 苏剑林, https://kexue.fm/archives/5409
    """
    if labels not in ("given", "all"):
        raise ValueError(f"labels got {labels!r}: expected 'given' or 'all'")
    if isinstance(source, (str, Path)):
        source = [source]
    if not isinstance(source, Iterable) or isinstance(source, dict):
        raise TypeError(
            f"examples got {type(source).__name__}: expected a path, or a list of dicts with question and context"
        )
    report: Counter = Counter()
    found: list[Example] = []
    for item in source:
        if isinstance(item, Example):
            found.append(item)
        elif isinstance(item, (str, Path)):
            if not Path(item).is_file():
                raise FileNotFoundError(f"no file {item}: expected JSON or JSONL with questions")
            found += map(_example, questions(raw(Path(item)), labels=labels, report=report))
        else:
            try:
                rows = list(of_row(item))
            except (KeyError, TypeError, IndexError, AttributeError) as error:
                raise ValueError(
                    f"{str(item)[:80]!r} is no question ({type(error).__name__}: {error}): expected question, context (or passages) "
                    "and answers"
                ) from error
            found += map(_example, questions(rows, labels=labels, report=report))
    blank = sum(not example.question.strip() for example in found)
    if report["lost"] or blank:
        warnings.warn(
            f"{report['lost']:,} questions were left out since their answers stand nowhere in the passages, {blank:,} since they have no text",
            stacklevel=2,
        )
    found = [example for example in found if example.question.strip()]
    if not found:
        raise ValueError(
            "there is no question left: expected one or more with answers that stand in their passages"
        )
    return found


def _example(row: dict[str, Any]) -> Example:
    passages = tuple(row["passages"]) if "passages" in row else (row["context"],)
    places = tuple(
        (one.get("passage", 0), one["start"], one["start"] + len(one["text"])) for one in row["answers"]
    )
    return Example(
        row["question"],
        passages,
        tuple(dict.fromkeys(places)),
        row["id"],
        tuple(one["text"] for one in row["answers"]),
    )
