"""Where the public data sets lie, how to open them, and how the converters write.  Standard library only.

Every converter beside this file is a small command; they share ``--data``, ``--out``, ``--format`` and
``--characters``. Data is looked for in ``--data``, else in the environment variable ZHNLP_DATA, else in
``../shared/data`` beside the checkout. Text goes to ``--out`` (default: standard output), progress to stderr;
the exit code is 2 when something is missing that the user can mend.
"""

from __future__ import annotations

import argparse
import gzip
import json
import lzma
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
OPENERS = {".xz": lzma.open, ".gz": gzip.open}
PROGRESS_EVERY = 2_000  # documents


def data_folder(given: str | os.PathLike | None = None) -> Path:
    """Folder of the public sets: ``given``, else $ZHNLP_DATA, else ``../shared/data`` (it need not exist)."""
    return Path(given or os.environ.get("ZHNLP_DATA") or CHECKOUT.parent / "shared" / "data").expanduser()


def command(doc: str, *, default_format: str = "txt") -> argparse.ArgumentParser:
    """A parser with the options that all converters share; ``doc`` is the script's docstring."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("inputs", nargs="*", type=Path, help="files to read in place of the public set")
    parser.add_argument(
        "--data", help="folder of the public sets (default: $ZHNLP_DATA, else ../shared/data)"
    )
    parser.add_argument("--out", type=Path, help="file to write (default: standard output)")
    parser.add_argument(
        "--format",
        choices=("txt", "jsonl"),
        default=default_format,
        help='txt: one document a line, line breaks inside it become a blank; jsonl: {"text": …} with its line '
        "breaks (default: %(default)s)",
    )
    parser.add_argument(
        "--characters", type=int, help="stop after so many characters, cutting the last document"
    )
    return parser


def inputs(options: argparse.Namespace, *names: str) -> list[Path]:
    """The files to read: those of the command line, else ``names`` inside the data folder; exits 2 if missing."""
    paths = options.inputs or [data_folder(options.data) / name for name in names]
    for path in paths:
        if not path.is_file():
            stop(f"no file {path}. Pass --data FOLDER, set ZHNLP_DATA, or name the file itself.")
    return paths


def stop(message: str) -> None:
    """Print an error that the user can mend and leave with exit code 2."""
    print(f"error: {message}", file=sys.stderr)
    raise SystemExit(2)


def lines(path: Path) -> Iterator[str]:
    """Lines of a UTF-8 text, plain or .xz or .gz, without their line ends; only ``\\n`` ends a line."""
    with OPENERS.get(path.suffix, open)(path, "rt", encoding="utf-8-sig", newline="\n") as file:
        for line in file:
            yield line.rstrip("\r\n")


def records(path: Path, *fields: str) -> Iterator[dict]:
    """Objects of a JSONL file; exits 2 at a line that is no object with all of ``fields``."""
    for number, line in enumerate(lines(path), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            missing = [field for field in fields if field not in row]
        except (json.JSONDecodeError, TypeError):
            row, missing = line, ["a JSON object"]
        if missing:
            stop(
                f"{path}, line {number}: expected fields {list(fields)}, missing {missing} in {str(row)[:60]!r}."
            )
        yield row


def write(documents: Iterable[str], options: argparse.Namespace) -> int:
    """Write documents as ``options`` ask; says how many, and warns when there were none. Returns the exit code."""
    if options.characters is not None and options.characters < 1:
        stop(f"got --characters {options.characters}: expected at least 1.")
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
    target = options.out or sys.stdout.fileno()
    count = characters = 0
    with open(target, "w", encoding="utf-8", newline="\n", closefd=bool(options.out)) as out:
        for document in documents:
            text = document.strip() if options.format == "jsonl" else " ".join(document.splitlines()).strip()
            if options.characters is not None:
                text = text[: options.characters - characters]
            if not text:
                continue
            line = json.dumps({"text": text}, ensure_ascii=False) if options.format == "jsonl" else text
            out.write(line + "\n")
            count, characters = count + 1, characters + len(text)
            if count % PROGRESS_EVERY == 0:
                print(f"{count:,} documents, {characters:,} characters", file=sys.stderr)
            if characters == options.characters:
                break
    print(f"{count:,} documents, {characters:,} characters → {options.out or 'stdout'}", file=sys.stderr)
    if not count:
        print("warning: nothing was written; check the input files", file=sys.stderr)
    return 0
