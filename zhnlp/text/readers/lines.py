"""Lines, paragraphs and rows out of decoded pieces, in memory bounded by the longest line allowed."""

import re
from collections.abc import Iterator

from zhnlp.text.readers.decoding import DecodedFile
from zhnlp.text.report import CorpusReport
from zhnlp.text.sentences import find_cut

_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")
_MARGIN = re.compile(r"\A(?:[^\S\n]*\n)+|(?:\n[^\S\n]*)+\Z")  # blank lines around a paragraph
ROW_FACTOR = 16  # a row of JSON or CSV may be this many times max_line: escapes and other fields


def split_long(text: str, limit: int) -> list[str]:
    """Cut ``text`` into parts of at most ``limit`` characters that join to it, at sentence ends if there are any.

    Example:
        >>> split_long("一二。三四五六七八", 4)
        ['一二。', '三四五六', '七八']
    """
    parts, start = [], 0
    while len(text) - start > limit:
        cut = find_cut(text, start, limit)
        parts.append(text[start:cut])
        start = cut
    parts.append(text[start:])
    return parts


def line_chunks(file: DecodedFile, max_line: int, report: CorpusReport) -> Iterator[str]:
    """The text in chunks of whole lines, joined by one line end; lines above ``max_line`` are cut and counted.

    The line end behind the last line of a chunk is left out, so ``chunk.split("\\n")`` is its lines.
    """
    carry: list[str] = []
    carried = 0
    cut_open = False  # the open line has been cut already
    for piece in file:
        carry.append(piece)
        carried += len(piece)
        end = piece.rfind("\n")
        if end < 0 and carried <= max_line:
            continue
        text = "".join(carry)
        if end < 0:
            rest = text
        else:
            end += len(text) - len(piece)
            text, rest = text[:end], text[end + 1 :]
            yield _cut_lines(text, max_line, file, report, cut_open)
            cut_open = False
        if len(rest) > max_line:
            *parts, rest = split_long(rest, max_line)
            if not cut_open:
                report.split(file.path, file.lines + 1, max_line)
            cut_open = True
            yield "\n".join(parts)
        carry, carried = ([rest], len(rest)) if rest else ([], 0)
    if carry:
        yield _cut_lines("".join(carry), max_line, file, report, cut_open)


def _cut_lines(text: str, max_line: int, file: DecodedFile, report: CorpusReport, counted: bool) -> str:
    """Put a line end into each line above ``max_line``; ``counted`` when the first line was reported before."""
    position, done, parts = 0, 0, []
    while len(text) - position > max_line:
        end = text.rfind("\n", position, position + max_line + 1)
        if end < 0:
            end = text.find("\n", position)
            end = len(text) if end < 0 else end
            if not (counted and position == 0):
                # file.lines is the count at the end of the piece that this text ends in
                report.split(file.path, max(1, file.lines - text.count("\n", end)), max_line)
            parts += [text[done:position], "\n".join(split_long(text[position:end], max_line))]
            done = end
        position = end + 1
    return "".join([*parts, text[done:]]) if parts else text


def paragraphs(file: DecodedFile, max_line: int, report: CorpusReport) -> Iterator[str]:
    """Runs of lines between blank lines, line ends kept inside; those above ``max_line`` are cut and counted."""
    current = ""
    cut_open = False  # the open paragraph has been cut already
    for piece in file:
        *whole, current = _BLANK_LINES.split(current + piece)
        for paragraph in whole:
            yield from _cut_paragraph(paragraph, max_line, file, report, cut_open)
            cut_open = False
        if len(current) > max_line:
            *parts, current = split_long(current, max_line)
            if not cut_open:
                report.split(file.path, file.lines + 1, max_line)
            cut_open = True
            for part in parts:
                yield _MARGIN.sub("", part)
    yield from _cut_paragraph(current, max_line, file, report, cut_open)


def _cut_paragraph(
    text: str, max_line: int, file: DecodedFile, report: CorpusReport, counted: bool
) -> Iterator[str]:
    parts = split_long(text, max_line)
    if len(parts) > 1 and not counted:
        report.split(file.path, file.lines, max_line)
    for part in parts:
        part = _MARGIN.sub("", part)
        if part and not part.isspace():
            yield part


def physical_lines(file: DecodedFile, max_line: int, report: CorpusReport) -> Iterator[tuple[int, str]]:
    """(line number from 1, line) of a file of rows; a line above ``16 * max_line`` is dropped and counted."""
    limit = ROW_FACTOR * max_line
    number, carry, carried, dropping = 0, [], 0, False
    for piece in file:
        first, *others = piece.split("\n")
        carry.append(first)
        carried += len(first)
        if carried > limit:
            if not dropping:
                report.skip(
                    "row too long", file.path, number + 1, f"above {limit:,} characters; raise max_line"
                )
            carry, carried, dropping = [], 0, True
        for following in others:
            number += 1
            if not dropping:
                line = "".join(carry)
                if len(line) <= limit:
                    yield number, line
                else:
                    report.skip(
                        "row too long", file.path, number, f"above {limit:,} characters; raise max_line"
                    )
            carry, carried, dropping = [following], len(following), False
        if carried > limit:  # the open line may be all of a large piece
            report.skip("row too long", file.path, number + 1, f"above {limit:,} characters; raise max_line")
            carry, carried, dropping = [], 0, True
    if carried and not dropping:
        yield number + 1, "".join(carry)
