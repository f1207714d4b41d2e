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
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from public_data import command, data_folder, inputs, stop

from zhnlp.reading.forms import LABELS, questions, raw

SPLITS = ("train", "dev")
FOLDER = "reading/cmrc2018"


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


@contextmanager
def mendable() -> Iterator[None]:
    """What is wrong with a file is said in a line, exit code 2."""
    try:
        yield
    except ValueError as error:
        stop(str(error))


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
    with mendable():
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
