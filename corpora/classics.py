"""The four classic novels, one chapter a document.

    python corpora/classics.py --out workdir/classics.txt
    python corpora/classics.py --novel 三国演义 --format jsonl --out workdir/sanguo.jsonl

Reads text with a heading line 第…回 before each chapter (public set: corpora/classics/*.txt.xz). The heading stays
as the first line of its chapter; what stands before the first heading is left out. A line counts as a heading when
its number follows the last one, because sentences begin with 第四回中… too.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from public_data import command, inputs, lines, write

NOVELS = ("三国演义", "水浒传", "西游记", "红楼梦")
HEADING = re.compile(r"(?:《》目录)?\s*(第([〇零一二三四五六七八九十百]{1,7})回.*)")
DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0}


def number(numeral: str) -> int:
    """Value of a Chinese numeral from 0 to 999, written out or digit by digit.

    >>> number("十二"), number("一百零三"), number("一百二十"), number("一零三")
    (12, 103, 120, 103)
    """
    if all(character in DIGITS for character in numeral):
        return int("".join(str(DIGITS[character]) for character in numeral))
    total = digit = 0
    for character in numeral:
        if character in DIGITS:
            digit = DIGITS[character]
        else:
            total += (digit or 1) * {"十": 10, "百": 100}[character]
            digit = 0
    return total + digit


def chapters(path: Path) -> Iterator[str]:
    """Chapters of one novel, heading included, blank lines left out."""
    chapter: list[str] = []
    last = 0
    for line in lines(path):
        heading = HEADING.match(line)
        if heading and number(heading[2]) == last + 1:
            last += 1
            if chapter:
                yield "\n".join(chapter)
            chapter = [heading[1].strip()]
        elif chapter and line.strip():
            chapter.append(line.strip())
    if chapter:
        yield "\n".join(chapter)


def main() -> int:
    """Read the novels, write their chapters."""
    parser = command(__doc__)
    parser.add_argument(
        "--novel", choices=NOVELS, action="append", help="only this novel; may be given again"
    )
    options = parser.parse_args()
    names = [f"corpora/classics/{novel}.txt.xz" for novel in options.novel or NOVELS]
    return write((chapter for path in inputs(options, *names) for chapter in chapters(path)), options)


if __name__ == "__main__":
    sys.exit(main())
