"""The command itself; the commands below it are added by `zhnlp.cli`."""

from __future__ import annotations

from typing import Annotated

import typer

from zhnlp import __version__

app = typer.Typer(
    help="Chinese NLP for raw text: mine words, segment, evaluate.",
    epilog="Example: zhnlp words corpora/power_grid/*.txt --top 20",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        print(f"zhnlp {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
):
    pass
