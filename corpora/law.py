"""Statutes and rules as plain text, each law once in its newest version.

    python corpora/law.py --out workdir/law.txt
    python corpora/law.py --all-versions --format jsonl --out workdir/law.jsonl

Reads JSONL with "title", "date" and "text" (public set: corpora/law.jsonl.xz, outside copyright). Rows of one title
are versions of one law: the latest date stays. Rows without a date give way to a dated one; where all lack a date
(the books of the Civil Code) they are parts and all stay. The order of the source is kept.
"""

import sys

from public_data import command, inputs, records, write


def newest(rows: list[dict]) -> list[dict]:
    """The rows that remain when each title keeps its latest version; equal texts of a title stay once."""
    latest: dict[str, str] = {}
    for row in rows:
        latest[row["title"]] = max(latest.get(row["title"], ""), row["date"] or "")
    kept, seen, dated = [], set(), set()
    for row in rows:
        title, date = row["title"], row["date"] or ""
        if date != latest[title] or (title, row["text"]) in seen or (date and title in dated):
            continue
        seen.add((title, row["text"]))
        dated.add(title)
        kept.append(row)
    return kept


def main() -> int:
    """Read the laws, drop older versions, write the texts."""
    parser = command(__doc__)
    parser.add_argument("--all-versions", action="store_true", help="keep older versions too")
    options = parser.parse_args()
    rows = [
        row
        for path in inputs(options, "corpora/law.jsonl.xz")
        for row in records(path, "title", "date", "text")
    ]
    kept = rows if options.all_versions else newest(rows)
    print(
        f"{len(rows) - len(kept):,} of {len(rows):,} texts are older versions and left out", file=sys.stderr
    )
    return write((row["text"] for row in kept), options)


if __name__ == "__main__":
    sys.exit(main())
