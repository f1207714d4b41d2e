"""News items as plain text: the bodies, or title and body.

    python corpora/news.py --out workdir/news.txt
    python corpora/news.py --titles --format jsonl --out workdir/news.jsonl

Reads JSONL with "title" and "content" (public set: corpora/news.jsonl.xz, research use only).
"""

import sys

from public_data import command, inputs, records, write


def main() -> int:
    """Read the items, write their bodies."""
    parser = command(__doc__)
    parser.add_argument(
        "--titles", action="store_true", help="put the title on a line of its own before the body"
    )
    options = parser.parse_args()
    rows = (
        row for path in inputs(options, "corpora/news.jsonl.xz") for row in records(path, "title", "content")
    )
    return write(
        (f"{row['title']}\n{row['content']}" if options.titles else row["content"] for row in rows), options
    )


if __name__ == "__main__":
    sys.exit(main())
