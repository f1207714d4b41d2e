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
Progress = Annotated[
    bool | None, typer.Option("--progress/--quiet", help="Bars on stderr (default: on a terminal).")
]
