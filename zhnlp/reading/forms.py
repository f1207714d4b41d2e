"""Questions with passages and the places of their answers, from the forms that public reading sets have.

A question is ``{"id", "question", "context", "answers": [{"text", "start"}]}``, or has ``"passages": [text, …]`` and answers with
their ``"passage"``.  Always ``text[start : start + len(answer)] == answer``: a given place where the answer does not stand is moved
to the nearest one where it does, and answers that stand nowhere are dropped; all of it is counted.

Source: 苏剑林, https://kexue.fm/archives/5409 (every place where the string of an answer stands is one)
"""

from __future__ import annotations

import gzip
import json
import lzma
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

OPENERS = {".xz": lzma.open, ".gz": gzip.open}
LABELS = ("given", "all")
NONE = ("", "no_answer")  # how WebQA says that a passage has no answer


class Raw(NamedTuple):
    """A question before its places are checked; an answer is (text, place or None, passage)."""

    id: str
    question: str
    passages: list[str]
    answers: list[tuple[str, int | None, int]]
    several: bool  # whether it comes with a list of passages


def questions(
    rows: Iterable[Raw], *, labels: str = "given", report: Counter | None = None
) -> Iterator[dict[str, Any]]:
    """Questions whose answers stand where they are said to.

    Args:
        labels: "given" or "all".
        report: what is counted: "questions", "answers", "moved", "trimmed", "nowhere" (answers that were dropped), "lost"
            (questions that were, for that), "without" (questions that have no answer at all; they are kept).
    """
    report = Counter() if report is None else report
    for row in rows:
        found = []
        for text, place, passage in row.answers:
            answer = text.strip()
            report["trimmed"] += answer != text
            if place is not None:
                place += len(text) - len(text.lstrip())
            starts = places(row.passages[passage], answer)
            if not starts:
                report["nowhere"] += 1
                continue
            if labels == "given" and place is not None:
                nearest = min(starts, key=lambda start: abs(start - place))
                report["moved"] += nearest != place
                starts = [nearest]
            found += [(answer, start, passage) for start in starts]
        if row.answers and not found:
            report["lost"] += 1
            continue
        if labels == "all":
            found = list(dict.fromkeys(found))
        report["questions"] += 1
        report["answers"] += len(found)
        report["without"] += not found
        if row.several:
            answers = [{"text": text, "start": start, "passage": number} for text, start, number in found]
            yield {"id": row.id, "question": row.question, "passages": row.passages, "answers": answers}
        else:
            answers = [{"text": text, "start": start} for text, start, _ in found]
            yield {"id": row.id, "question": row.question, "context": row.passages[0], "answers": answers}


def places(text: str, answer: str) -> list[int]:
    """Where a string stands in a text, overlapping ones too.

    Example:
        >>> places("天天天", "天天"), places("天", "")
        ([0, 1], [])
    """
    return [match.start() for match in re.finditer(f"(?={re.escape(answer)})", text)] if answer else []


def raw(path: Path) -> Iterator[Raw]:
    """The questions of a file: JSON of SQuAD, DRCD, CMRC2018, SogouQA or WebQA, or JSONL; plain, .xz or .gz.

    Raises:
        ValueError: it has none of the forms.
    """
    with OPENERS.get(path.suffix, open)(path, "rt", encoding="utf-8-sig") as file:
        content = file.read()
    try:
        parsed: Any = json.loads(content)
    except json.JSONDecodeError:
        parsed = list(_lines(path, content))
    try:
        if isinstance(parsed, dict) and "data" in parsed:
            yield from _squad(parsed["data"])
        elif isinstance(parsed, dict) and parsed and all("evidences" in row for row in parsed.values()):
            yield from _webqa(parsed)
        else:
            for row in parsed if isinstance(parsed, list) else [parsed]:
                yield from of_row(row)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(
            f"{path} has none of the known forms ({type(error).__name__}: {error}). Expected JSON of SQuAD, DRCD, CMRC2018, "
            "SogouQA or WebQA, or JSONL with id, question, context and answers."
        ) from error


def _lines(path: Path, content: str) -> Iterator[Any]:
    for number, line in enumerate(content.split("\n"), 1):
        if line.strip():
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                raise ValueError(
                    f"{path}, line {number} is no JSON ({error}): expected one JSON, or JSONL."
                ) from error


def of_row(row: dict[str, Any]) -> Iterator[Raw]:
    """A line of JSONL or an item of a list: CMRC2018 (both forms), SogouQA, or what `questions` gives."""
    if "context_text" in row:
        for one in row["qas"]:
            answers = [(text, None, 0) for text in one["answers"]]
            yield Raw(str(one["query_id"]), one["query_text"], [row["context_text"]], answers, False)
    elif "passages" in row:
        passages = [_text(passage) for passage in row["passages"]]
        answers = [(one["text"], one.get("start"), one["passage"]) for one in row.get("answers", ())]
        for number, passage in enumerate(row["passages"]):
            if isinstance(passage, dict):
                answers += [(text, None, number) for text in _strings(passage.get("answer"))]
        yield Raw(str(row.get("id", "")), row["question"], passages, answers, True)
    else:
        given = row["answers"] if "answers" in row else _strings(row.get("answer"))
        answers = [_placed({"text": one} if isinstance(one, str) else one) for one in given]
        yield Raw(str(row.get("id", "")), row["question"], [row["context"]], answers, False)


def _squad(documents: list[dict[str, Any]]) -> Iterator[Raw]:
    for document in documents:
        for paragraph in document["paragraphs"]:
            for one in paragraph["qas"]:
                answers = [] if one.get("is_impossible") else [_placed(answer) for answer in one["answers"]]
                yield Raw(str(one["id"]), one["question"], [paragraph["context"]], answers, False)


def _webqa(rows: dict[str, dict[str, Any]]) -> Iterator[Raw]:
    for name, row in rows.items():
        evidences = list(row["evidences"].values())
        answers = [
            (text, None, number) for number, one in enumerate(evidences) for text in _strings(one["answer"])
        ]
        yield Raw(name, row["question"], [one["evidence"] for one in evidences], answers, True)


def _placed(answer: dict[str, Any]) -> tuple[str, int | None, int]:
    place = answer.get("answer_start", answer.get("start"))
    return answer["text"], None if place is None or int(place) < 0 else int(place), 0


def _strings(answer: Any) -> list[str]:
    """The answers of a passage: None, a string or a list of them."""
    listed = [answer] if isinstance(answer, str) else list(answer or ())
    return [text for text in listed if text.strip() not in NONE]


def _text(passage: Any) -> str:
    return passage if isinstance(passage, str) else passage["passage"]
