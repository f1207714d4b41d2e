"""``zhnlp fill-mask``: which characters a masked model expects."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from zhnlp.cli.application import app
from zhnlp.cli.generate import Model
from zhnlp.cli.refusals import mendable


@app.command("fill-mask", epilog="Example: zhnlp fill-mask 北京是中国的首[MASK]。")
@mendable
def fill_mask(
    text: Annotated[str, typer.Argument(help="A text with one [MASK] or more.")],
    model: Model = None,
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit of the Hub.")] = None,
    top_k: Annotated[int, typer.Option(help="Candidates of each mask.")] = 5,
    targets: Annotated[str | None, typer.Option(help="The only candidates, with commas between.")] = None,
    format: Annotated[str, typer.Option(help="text: a table; jsonl: a line a mask.")] = "text",
) -> None:
    """Fill each [MASK] of a text, likeliest first."""
    from zhnlp import pipeline

    if format not in ("text", "jsonl"):
        raise ValueError(f"--format {format} is not known: expected text or jsonl")
    chosen = None if targets is None else [word for word in targets.split(",") if word]
    found = pipeline("fill-mask", model, revision=revision, top_k=top_k, targets=chosen)(text)
    masks = found if isinstance(found[0], list) else [found]
    if format == "jsonl":
        for mask in masks:
            print(json.dumps(mask, ensure_ascii=False))
        return
    print("\t".join(["mask", "token", "score", "text"]))
    for number, mask in enumerate(masks, 1):
        for row in mask:
            cells = [str(number), row["token_str"], f"{row['score']:.3f}", row["sequence"]]
            print("\t".join(" ".join(cell.split()) for cell in cells))
