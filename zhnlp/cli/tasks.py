"""``zhnlp tasks``: the tasks of ``zhnlp.pipeline``."""

from __future__ import annotations

from typing import Annotated

import typer

from zhnlp.cli.application import app
from zhnlp.cli.refusals import mendable


@app.command(epilog="Example: zhnlp tasks new-words")
@mendable
def tasks(name: Annotated[str | None, typer.Argument(help="A task, to print its help.")] = None) -> None:
    """List the tasks of zhnlp.pipeline, or explain one."""
    from zhnlp import pipeline

    print(pipeline.help(name) if name else "\n".join(pipeline.tasks()))
