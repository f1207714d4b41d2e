"""Articles with their titles from the openly licensed pre-training text: documents that begin with a heading of their own.

    python corpora/titles.py --out workdir/titles.jsonl
    python corpora/titles.py --kinds law it --held-out --out workdir/held_out.jsonl

Writes JSONL with "kind", "title" and "text": statutes ("law"), articles on Linux and open source ("it"), and manuals, recipes
and essays ("manual").  One document in twenty is held out by `zhnlp.text.held_out` and written with --held-out alone; among
them are all that the pre-training of the shipped models kept out.

Scientific abstracts are left out: those of the pre-training text are the very records of CSL's dev set, which is a test.
Public sets: pretrain/open.txt.xz, pretrain/open_general.txt.xz; titles of corpora/law.jsonl.xz and corpora/it_lctt.jsonl.xz.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pretrain import documents
from public_data import command, data_folder, records, stop

from zhnlp.text.holdout import held_out

KINDS = ("law", "it", "manual")
HELD_OUT = 0.05  # of the documents
SHORTEST, LONGEST, LEAST_TEXT = 4, 40, 80  # characters
ABOUT = (
    0.5  # share of a heading's bigrams that its text must have, where nothing else says that it is a title
)
LOOKED_AT = 400  # characters of the text, for that

_NO_HEADING = re.compile(r"[。！？；…：:，,、．.!?;”）)]$|^[\W\d_]|^项目编号|^前置知识|^采访者")
_PASSED = re.compile(
    r"^\W*\d{4}\s*年|^\W*(?:第.{1,6}次修[订正]|根据.{4,60}修[订正])"
)  # when a statute was passed, and by whom


class Titled(NamedTuple):
    """An article, its title, what kind of text it is, and whether it is held out."""

    text: str
    title: str
    kind: str
    held_out: bool
    unread: bool  # the pre-training of the shipped models left it out


def titled(data: str | Path | None = None) -> Iterator[Titled]:
    """All articles with their titles, each title once."""
    folder = data_folder(data)
    known = {
        kind: {row["title"].strip() for row in records(folder / name, "title")}
        for kind, name in (("law", "corpora/law.jsonl.xz"), ("it", "corpora/it_lctt.jsonl.xz"))
    }
    seen: set[str] = set()
    for part, general in (("open", False), ("open_general", True)):
        for document in documents(folder / f"pretrain/{part}.txt.xz"):
            title, _, text = document.partition("\n")
            title = title.strip()
            kind = "manual" if general else next((name for name in KINDS[:2] if title in known[name]), None)
            if kind is None or title in seen or not SHORTEST <= len(title) <= LONGEST:
                continue
            text = without_passing(text) if kind == "law" else text.strip()
            if len(text) < LEAST_TEXT or (general and not heads(title, text)):
                continue
            seen.add(title)
            yield Titled(text, title, kind, held_out(document, HELD_OUT), held_out(document))


def without_passing(text: str) -> str:
    """A statute without the lines at its head that say when it was passed and amended, in which its title often stands.

    Example:
        >>> without_passing("2009年6月3日 市人民代表大会通过\\n第一条 为了保护湿地，制定本条例。")
        '第一条 为了保护湿地，制定本条例。'
    """
    lines = text.split("\n")
    while lines and _PASSED.match(lines[0]):
        del lines[0]
    return "\n".join(lines).strip()


def heads(title: str, text: str) -> bool:
    """Whether a first line is a heading that the text behind it is about.

    Example:
        >>> heads("电压互感器的检修", "电压互感器要按期检修，先断开电源。"), heads("小说(12)", "她走了。"), heads("她走了。", "她走了。")
        (True, False, False)
    """
    if _NO_HEADING.search(title):
        return False
    grams = {title[n : n + 2].lower() for n in range(len(title) - 1) if not title[n : n + 2].isspace()}
    there = text[:LOOKED_AT].lower()
    return sum(gram in there for gram in grams) >= ABOUT * len(grams)


def main() -> int:
    """Write the articles that are asked for."""
    parser = command(__doc__, default_format="jsonl")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="(default: all)")
    parser.add_argument(
        "--held-out", action="store_true", help="those that are held out, in place of the others"
    )
    options = parser.parse_args()
    if options.inputs or options.format != "jsonl":
        stop(
            "articles with titles come from the public sets, as JSONL: expected neither files nor --format txt."
        )
    rows = (
        {"kind": one.kind, "title": one.title, "text": one.text}
        for one in titled(options.data)
        if one.kind in options.kinds and one.held_out == options.held_out
    )
    found = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text("".join(found), encoding="utf-8")
    else:
        sys.stdout.writelines(found)
    print(f"{len(found):,} articles with titles → {options.out or 'stdout'}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
