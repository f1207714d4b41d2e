"""Documents in, lines out, in the order of the input: what commands share that treat one document after another."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zhnlp.mining.progress import Progress
    from zhnlp.text import Corpus

_BLOCK = 1 << 16  # characters read at a time, so that the first line comes soon


def stream_documents(corpus: Corpus, bar: Progress, stage: str) -> Iterator[str]:
    """The documents of ``corpus``, the blank lines of text files too, under a bar of its bytes."""
    done = 0
    with bar.stage(stage, corpus.total_bytes(), "B"):
        for block in corpus.blocks(_BLOCK):
            start = 0
            for end in block.ends.tolist():
                yield block.text[start:end]
                start = end + 1
            bar.advance(block.source_bytes - done)
            done = block.source_bytes


def write_lines(lines: Iterable[str], out: Path | None) -> None:
    """Print lines, or write them to a file that is there whole or not at all."""
    from zhnlp.text.files import atomic_file

    if out is None:
        for line in lines:
            print(line)
        return
    with atomic_file(out) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)


def say_faults(corpus: Corpus) -> None:
    """The corpus report on stderr, if anything was repaired or skipped."""
    read = corpus.report
    if read.examples or read.skipped.keys() - {"blank"}:
        print(read, file=sys.stderr)
