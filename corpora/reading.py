"""Questions with passages and the places of their answers, from the forms that public reading sets have, as one JSONL.

    python corpora/reading.py --split train --out workdir/reading.jsonl
    python corpora/reading.py DRCD_dev.json --labels all --out workdir/drcd.jsonl

Writes {"id", "question", "context", "answers": [{"text", "start"}]}, or "passages": [text, …] and answers with their "passage".
Reads CMRC2018's JSONL (public set: reading/cmrc2018/*.jsonl.xz) and its first JSON, JSON of SQuAD and DRCD, the WebQA and
SogouQA of post 6906 ([{"id", "question", "passages": [{"passage", "answer"}]}]), and WebQA 1.0 ({name: {"question",
"evidences"}}), plain or .xz or .gz.  --labels given keeps the place that the set gives (WebQA has none: then all); all takes
every place where the string of an answer stands (post 5409).

Always text[start:start + len(answer)] == answer.  A given place where the answer does not stand is moved to the nearest one
where it does; blanks around an answer are left out.  Answers that stand nowhere are dropped, and so are questions that lose
all their answers; all of it is counted on stderr.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from public_data import OPENERS, command, data_folder, inputs, stop

SPLITS = ("train", "dev")
FOLDER = "reading/cmrc2018"
LABELS = ("given", "all")
NONE = ("", "no_answer")  # how WebQA says that a passage has no answer


class Raw(NamedTuple):
    """A question before its places are checked; an answer is (text, place or None, passage)."""

    id: str
    question: str
    passages: list[str]
    answers: list[tuple[str, int | None, int]]
    several: bool  # whether it comes with a list of passages


def load(
    split: str, data: str | Path | None = None, *, labels: str = "given", report: Counter | None = None
) -> list[dict[str, Any]]:
    """The questions of "train" or "dev" of CMRC2018.

    Args:
        report: counts what did not fit; None where nobody asks.

    Raises:
        SystemExit: the file is missing (exit code 2).
    """
    path = data_folder(data) / FOLDER / f"{split}.jsonl.xz"
    if not path.is_file():
        stop(f"no file {path}. Pass --data FOLDER, or set ZHNLP_DATA.")
    return list(questions(raw(path), labels=labels, report=report))


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
    """The questions of a file of any of the forms; exits 2 at what has none of them."""
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
                yield from _row(row)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        stop(
            f"{path} has none of the known forms ({type(error).__name__}: {error}). Expected JSON of SQuAD, DRCD, CMRC2018, "
            "SogouQA or WebQA, or JSONL with id, question, context and answers."
        )


def _lines(path: Path, content: str) -> Iterator[Any]:
    for number, line in enumerate(content.split("\n"), 1):
        if line.strip():
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                stop(f"{path}, line {number} is no JSON ({error}): expected one JSON, or JSONL.")


def _row(row: dict[str, Any]) -> Iterator[Raw]:
    """A line of JSONL or an item of a list: CMRC2018 (both forms), SogouQA, or what this script writes."""
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
        yield Raw(str(row["id"]), row["question"], passages, answers, True)
    else:
        answers = [_placed(one) for one in row["answers"]]
        yield Raw(str(row["id"]), row["question"], [row["context"]], answers, False)


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


def main() -> int:
    """Read the questions, write them as JSONL, say what did not fit."""
    parser = command(__doc__, default_format="jsonl")
    parser.add_argument("--split", choices=SPLITS, default="train", help="which part (default: %(default)s)")
    parser.add_argument("--labels", choices=LABELS, default="given", help="(default: %(default)s)")
    options = parser.parse_args()
    if options.format != "jsonl" or options.characters is not None:
        stop("questions are written as whole lines of JSONL: leave --format and --characters out.")
    report: Counter = Counter()
    rows = (row for path in inputs(options, f"{FOLDER}/{options.split}.jsonl.xz") for row in raw(path))
    written = [
        json.dumps(row, ensure_ascii=False) + "\n"
        for row in questions(rows, labels=options.labels, report=report)
    ]
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text("".join(written), encoding="utf-8")
    else:
        sys.stdout.writelines(written)
    print(
        f"{report['questions']:,} questions with {report['answers']:,} answers → {options.out or 'stdout'}; "
        f"{report['without']:,} questions have none. Answers moved to where they stand: {report['moved']:,}, "
        f"without blanks at their ends: {report['trimmed']:,}, dropped since they stand nowhere: {report['nowhere']:,}; "
        f"questions dropped for that: {report['lost']:,}",
        file=sys.stderr,
    )
    if not written:
        print("warning: nothing was written; check the input files", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
