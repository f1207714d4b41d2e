"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Files = Annotated[
    list[str], typer.Argument(help="Files, folders, patterns, or - for standard input.", show_default=False)
]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="File to write; its ending says the format.")]
TextField = Annotated[str | None, typer.Option(help="Column or key of the text in tables and JSON lines.")]
Encoding = Annotated[str, typer.Option(help="Encoding of text files.")]
Unit = Annotated[str, typer.Option(help="A document of a text file: line, paragraph or file.")]
Duplicates = Annotated[str, typer.Option(help="keep, exact or near: drop repeated documents.")]
Strict = Annotated[bool, typer.Option("--strict", help="Stop at the first broken line.")]
Format = Annotated[
    str | None,
    typer.Option(help="jieba, hanlp, ik, list or tokenizer (a folder), whatever --out ends in."),
]
Report = Annotated[Path | None, typer.Option(help="Also write an HTML page with table, plots and contexts.")]
Runs = Annotated[str, typer.Option(help="Latin and digit runs: symbol, token or drop.")]
Memory = Annotated[str | None, typer.Option(help="Ceiling such as 2GB; more goes to disk.")]
Workdir = Annotated[Path | None, typer.Option(help="Folder for counting out of core; a killed run resumes.")]
Threads = Annotated[int | None, typer.Option(help="Workers; default: all processors.")]
Progress = Annotated[
    bool | None, typer.Option("--progress/--quiet", help="Bars on stderr (default: on a terminal).")
]
