"""``zhnlp models``: what ships, and the cards."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from zhnlp.cli.application import app
from zhnlp.cli.refusals import mendable


@app.command(epilog="Example: zhnlp models zhnlp-mlm-small")
@mendable
def models(
    name: Annotated[str | None, typer.Argument(help="A model, to print its card.")] = None,
    format: Annotated[
        str, typer.Option(help="text: a table; jsonl: a line a model, with its whole card.")
    ] = "text",
) -> None:
    """List the models that ship with their task, size, licence and scores, or print the card of one."""
    from zhnlp.checkpoints import shipped

    if format not in ("text", "jsonl"):
        raise ValueError(f"--format {format} is not known: expected text or jsonl")
    found = {model.name: model for model in shipped()}
    if name is not None:
        if name not in found:
            raise ValueError(
                f"{name!r} does not ship: expected one of {', '.join(found) or 'none in this installation'}. Next: zhnlp models"
            )
        print((found[name].folder / "README.md").read_text(encoding="utf-8").strip())
        return
    if format == "text":
        print("\t".join(["model", "task", "MB", "licence", "scores"]))
    for model in found.values():
        if format == "jsonl":
            row = {"name": model.name, "task": model.task, "bytes": model.bytes, "card": model.card}
            print(json.dumps(row, ensure_ascii=False, default=str))
        else:
            scores = "; ".join(f"{key} {value}" for key, value in model.scores.items())
            print("\t".join([model.name, model.task, f"{model.bytes / 1e6:.1f}", model.licence, scores]))
