"""CSV and TSV with quoted fields that may hold line ends; its own parser, since csv's field limit is global."""

from collections.abc import Iterator

from zhnlp.text.readers.decoding import DecodedFile
from zhnlp.text.readers.fields import TextField
from zhnlp.text.readers.lines import ROW_FACTOR, physical_lines
from zhnlp.text.report import CorpusError, CorpusReport


def delimited_documents(
    file: DecodedFile, field: TextField, delimiter: str, max_line: int, report: CorpusReport
) -> Iterator[str]:
    """The text of each row under a header line; rows too short for the field are counted.

    Raises:
        CorpusError: the header leaves open which column is the text, or lacks the one asked for.
    """
    header: list[str] | None = None
    for number, row in rows(file, delimiter, max_line, report):
        if header is None:
            header = [name.strip() for name in row]
            try:
                field.settle(header, complete=True)
            except CorpusError as error:
                if report.documents == 0 or report.strict:
                    raise
                report.skip("no text field", file.path, number, str(error))
                return
            continue
        if len(row) > len(header):
            report.skip(
                "row has too many fields", file.path, number, f"{len(row)}, the header has {len(header)}"
            )
            continue
        try:
            yield field.pick(dict(zip(header, row)))
        except LookupError:
            report.skip(
                "row has too few fields", file.path, number, f"{len(row)}, the header has {len(header)}"
            )


def rows(
    file: DecodedFile, delimiter: str, max_line: int, report: CorpusReport
) -> Iterator[tuple[int, list[str]]]:
    """(line number, fields) of each row that is not blank.

    A quote opens a field only at its start and "" inside stands for one quote, as in RFC 4180 and Python's csv.
    When a quote is never closed (or not within ``16 * max_line`` characters) its line alone is dropped and
    counted, and reading goes on with the line after it.
    """
    limit = ROW_FACTOR * max_line
    lines = physical_lines(file, max_line, report)
    waiting: list[tuple[int, str]] = []  # lines to be read again after an unclosed quote
    while True:
        number, line = waiting.pop() if waiting else next(lines, (0, ""))
        if number == 0:
            return
        if not line:
            continue
        row = _Row(delimiter)
        taken, length = [], 0
        complete = row.feed(line)
        while not complete and length <= limit:
            following = waiting.pop() if waiting else next(lines, None)
            if following is None:
                break
            taken.append(following)
            length += len(following[1]) + 1
            complete = row.feed(following[1])
        if complete:
            yield number, row.fields
            continue
        report.skip("unclosed quote", file.path, number, f"the row begins {line[:40]!r}")
        waiting.extend(reversed(taken))


class _Row:
    """The fields of one row, fed line by line until no quote is open."""

    def __init__(self, delimiter: str):
        self.delimiter = delimiter
        self.fields: list[str] = []
        self._quoted: list[str] | None = None  # the parts of the field whose quote is open

    def feed(self, line: str) -> bool:
        """Take one line; True when the row is complete."""
        position = 0
        if self._quoted is not None:
            self._quoted.append("\n")
            position = self._close(line, 0)
            if position < 0:
                return False
        elif '"' not in line:
            self.fields = line.split(self.delimiter)
            return True
        while position <= len(line):
            if line.startswith('"', position):
                self._quoted = []
                position = self._close(line, position + 1)
                if position < 0:
                    return False
            else:
                end = line.find(self.delimiter, position)
                end = len(line) if end < 0 else end
                self.fields.append(line[position:end])
                position = end + 1
        return True

    def _close(self, line: str, position: int) -> int:
        """Read on in a quoted field; the place after its delimiter, or -1 if it goes on in the next line."""
        while True:
            quote = line.find('"', position)
            if quote < 0:
                self._quoted.append(line[position:])
                return -1
            self._quoted.append(line[position:quote])
            if line.startswith('"', quote + 1):
                self._quoted.append('"')
                position = quote + 2
                continue
            end = line.find(self.delimiter, quote + 1)
            end = len(line) if end < 0 else end
            self._quoted.append(line[quote + 1 : end])  # "ab"c is read as abc
            self.fields.append("".join(self._quoted))
            self._quoted = None
            return end + 1
