"""The openly licensed pre-training text, one document a line or one a JSON object.

    python corpora/pretrain.py --out workdir/open.txt
    python corpora/pretrain.py --part both --format jsonl --seed 1 --out workdir/pretrain.jsonl

Reads text with one paragraph a line and a blank line between documents (public sets: pretrain/open.txt.xz and
pretrain/open_general.txt.xz). The documents lie grouped by source: pass --seed to shuffle them (all are then held
in memory, about 1 GB for both parts), above all together with --characters.
"""

import random
import sys
from collections.abc import Iterator
from pathlib import Path

from public_data import command, inputs, lines, write

PARTS = {"open": ["open"], "general": ["open_general"], "both": ["open", "open_general"]}


def documents(path: Path) -> Iterator[str]:
    """Documents of one file: paragraphs joined by line breaks."""
    paragraphs: list[str] = []
    for line in lines(path):
        if line.strip():
            paragraphs.append(line)
        elif paragraphs:
            yield "\n".join(paragraphs)
            paragraphs = []
    if paragraphs:
        yield "\n".join(paragraphs)


def main() -> int:
    """Read the asked parts, shuffle if asked, write the documents."""
    parser = command(__doc__)
    parser.add_argument("--part", choices=PARTS, default="open", help="which set (default: %(default)s)")
    parser.add_argument(
        "--seed", type=int, help="shuffle the documents with this seed (default: keep the order)"
    )
    options = parser.parse_args()
    names = [f"pretrain/{name}.txt.xz" for name in PARTS[options.part]]
    found = (document for path in inputs(options, *names) for document in documents(path))
    if options.seed is not None:
        found = list(found)
        random.Random(options.seed).shuffle(found)
    return write(found, options)


if __name__ == "__main__":
    sys.exit(main())
