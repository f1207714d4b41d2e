"""Questions, answers and ids out of csv, tsv, jsonl and parquet files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from zhnlp.text.columns import Columns, read_rows
from zhnlp.text.report import CorpusError, CorpusReport

_SHAPES = (
    (("question", "answer"), "id"),
    (("question", "answer"), None),
    (("question",), "id"),
    (("question",), None),
)


class FAQFile(NamedTuple):
    questions: list[str]
    answers: list[str] | None
    ids: list[str] | None
    report: CorpusReport
    """What was read, and what was left out and why."""


def read_faq(
    paths: str | Path | Sequence[str | Path], *, names: Sequence[str] = (), encoding: str = "utf-8"
) -> FAQFile:
    """The rows of files with columns question, answer and id, the last two where there are such.

    Rows with a blank question, answer or id are left out and counted.  A file without a header has the columns in that
    order.

    Args:
        paths: .csv, .tsv, .jsonl or .parquet, also packed; a pattern, or several.
        names: of the columns, where they are called otherwise: of the question, then of the answer, then of the id.
        encoding: of the files.

    Raises:
        FileNotFoundError: nothing by that name.
        ValueError: no column of that name, or no row is left.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "faq.csv"
        >>> _ = path.write_text("question,answer\\n怎么退款,在订单页申请。\\n", encoding="utf-8")
        >>> read_faq(path)[:3]
        (['怎么退款'], ['在订单页申请。'], None)
    """
    if len(names) > 3:
        raise ValueError(
            f"got {len(names)} names of columns: expected those of question, answer and id at most"
        )
    reports: list[CorpusReport] = []
    for fields, label in _SHAPES:
        if names and len(names) != len(fields) + (label is not None):
            continue
        columns = Columns(
            fields,
            list(names[: len(fields)]),
            names[2] if len(names) == 3 else label,
            hint="--columns question,answer,id",
        )
        report = CorpusReport()
        try:
            rows = list(read_rows(paths, columns, report, encoding=encoding))
        except CorpusError:
            if names or len(columns.order) == 1:
                raise
            continue
        if rows:
            lists = {key: [row[key] for row in rows] for key in columns.order}
            return FAQFile(lists["question"], lists.get("answer"), lists.get("label"), report)
        reports.append(report)
    report = reports[0]
    reasons = ", ".join(f"{count:,} x {reason}" for reason, count in report.skipped.most_common(3))
    raise ValueError(
        f"{paths} has no question ({reasons or 'it is empty'}): expected columns question, answer and id, or question and answer. Next: "
        f"head -2 {paths}, or --columns question,answer,id with its names"
    )
