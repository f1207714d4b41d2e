"""``zhnlp keywords``: what each document is about."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from zhnlp.cli.application import app
from zhnlp.cli.documents import say_faults, stream_documents, write_lines
from zhnlp.cli.options import Encoding, Files, Progress, TextField, Unit
from zhnlp.cli.refusals import check_apart, check_place, mendable

_FORMATS = {"": "text", ".txt": "text", ".tsv": "text", ".jsonl": "jsonl"}


@app.command(epilog="Example: zhnlp keywords corpora/power_grid/*.txt --unit file --top 5")
@mendable
def keywords(
    files: Files,
    statistics: Annotated[
        str | None,
        typer.Option(
            help="Terms mined by zhnlp terms, a file of --learn, or texts; default: what ships with zhnlp."
        ),
    ] = None,
    learn: Annotated[
        Path | None,
        typer.Option(
            help="Learn from the documents first what is common in them, and keep it here (.jsonl)."
        ),
    ] = None,
    top: Annotated[int, typer.Option(help="Keywords of a document at most.")] = 5,
    format: Annotated[
        str | None,
        typer.Option(
            help="text: terms with tabs between; jsonl: with scores and offsets; default: by --out, else text."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write: .jsonl, .tsv or .txt.")
    ] = None,
    text_field: TextField = None,
    encoding: Encoding = "utf-8",
    unit: Unit = "line",
    progress: Progress = None,
) -> None:
    """Find the keywords of each document, a document a line, in the order of the input; blank documents are left out."""
    from zhnlp.mining.progress import Progress as Bar
    from zhnlp.tasks.keywords import Keywords
    from zhnlp.text import Corpus

    if format is None:
        format = _FORMATS.get("" if out is None else out.suffix.lower())
        if format is None:
            raise ValueError(
                f"--out {out} ends in {out.suffix!r}: expected .jsonl, .tsv or .txt. Next: --format text, whatever it ends in"
            )
    if format not in ("text", "jsonl"):
        raise ValueError(f"--format {format} is not known: expected text or jsonl")
    check_place(out, "--out")
    check_place(learn, "--learn")
    check_apart([*files, *([] if statistics is None else [statistics])], {"--out": out, "--learn": learn})
    if learn is not None and learn.suffix != ".jsonl":
        raise ValueError(f"--learn {learn} ends in {learn.suffix or 'nothing'!r}: expected .jsonl")
    corpus = Corpus.from_paths(files, text_field=text_field, encoding=encoding, unit=unit)
    if learn is not None and not corpus.rereadable:
        raise ValueError(
            "--learn reads the documents twice: expected files. Next: zhnlp keywords FILE --learn ..."
        )
    pipe = Keywords(statistics, top=top)
    bar = Bar(progress)

    def texts(stage: str) -> Iterator[str]:
        return (text for text in stream_documents(corpus, bar, stage) if text.strip())

    if learn is not None:
        pipe.fit(texts("learn")).save(learn)

    bare = 0

    def lines():
        nonlocal bare
        for text in texts("keywords"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # counted, and said once at the end
                found = pipe(text)
            bare += not found
            if format == "jsonl":
                yield json.dumps({"text": text, "keywords": found}, ensure_ascii=False)
            else:
                yield "\t".join(" ".join(row["term"].split()) for row in found)

    write_lines(lines(), out)
    if bare:
        print(f"zhnlp: warning: {bare:,} documents have no keyword", file=sys.stderr)
    say_faults(corpus)
