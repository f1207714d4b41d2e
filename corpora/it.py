"""Articles on Linux, open source and front-end work as plain text.

    python corpora/it.py --out workdir/it.txt
    python corpora/it.py --source juejin --titles --format jsonl --out workdir/it.jsonl

Reads JSONL with "title" and "text" (public sets: corpora/it_lctt.jsonl.xz, Apache-2.0; corpora/it_juejin.jsonl.xz,
research use only).
"""

import sys

from public_data import command, inputs, records, write

SOURCES = {"lctt": ["lctt"], "juejin": ["juejin"], "both": ["lctt", "juejin"]}


def main() -> int:
    """Read the articles of the asked sources, write their texts."""
    parser = command(__doc__)
    parser.add_argument("--source", choices=SOURCES, default="lctt", help="which set (default: %(default)s)")
    parser.add_argument(
        "--titles", action="store_true", help="put the title on a line of its own before the text"
    )
    options = parser.parse_args()
    names = [f"corpora/it_{source}.jsonl.xz" for source in SOURCES[options.source]]
    rows = (row for path in inputs(options, *names) for row in records(path, "title", "text"))
    return write(
        (f"{row['title']}\n{row['text']}" if options.titles else row["text"] for row in rows), options
    )


if __name__ == "__main__":
    sys.exit(main())
