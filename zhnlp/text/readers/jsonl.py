"""JSON lines: one object, or one string, a line."""

import json
from collections.abc import Iterator

from zhnlp.text.readers.decoding import DecodedFile
from zhnlp.text.readers.fields import TextField
from zhnlp.text.readers.lines import physical_lines
from zhnlp.text.report import CorpusError, CorpusReport


def jsonl_documents(
    file: DecodedFile, field: TextField, max_line: int, report: CorpusReport
) -> Iterator[str]:
    """The text of each row; blank lines are passed over, broken ones and rows without the field counted.

    Raises:
        CorpusError: without ``text_field``, the first object leaves open which key is the text.
    """
    settled = False
    for number, line in physical_lines(file, max_line, report):
        if not line or line.isspace():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            if (number == 1 and line.lstrip().startswith("[")) or line.strip() == "[":
                report.skip(
                    "JSON array",
                    file.path,
                    number,
                    "expected one object a line; convert it with: jq -c '.[]' in.json > out.jsonl",
                )
                return
            report.skip(
                "broken JSON",
                file.path,
                number,
                str(error) if isinstance(error, ValueError) else "nested too deeply",
            )
            continue
        if isinstance(row, str):
            yield row
            continue
        if isinstance(row, list) and number == 1 and row and isinstance(row[0], dict):
            report.skip(
                "JSON array",
                file.path,
                number,
                "expected one object a line; convert it with: jq -c '.[]' in.json > out.jsonl",
            )
            return
        if not isinstance(row, dict):
            report.skip("row is no object", file.path, number, f"{type(row).__name__}: {line[:40]}")
            continue
        if not settled:
            candidates = [key for key, value in row.items() if isinstance(value, str)]
            try:
                field.settle(candidates if field.given is None else row, complete=False)
            except CorpusError as error:
                if report.documents == 0 or report.strict:
                    raise
                report.skip("no text field", file.path, number, str(error))
                return
            settled = True
        try:
            yield field.pick(row)
        except LookupError as error:
            report.skip(
                str(error.args[0]), file.path, number, f"the row has {', '.join(map(repr, list(row)[:8]))}"
            )
    if settled:
        field.finish()
