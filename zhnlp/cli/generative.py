"""``zhnlp generative``: the recipes of the companion, one a post."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from zhnlp.cli.application import app
from zhnlp.cli.refusals import check_place, mendable

generative = typer.Typer(
    help="Run what a post on generative models claims: train, measure, draw.",
    epilog="Example: zhnlp generative run 5253 --out vae",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(generative, name="generative")


@generative.command("list", epilog="Example: zhnlp generative list")
@mendable
def list_recipes(
    format: Annotated[str, typer.Option(help="text: a table; jsonl: a line a recipe.")] = "text",
) -> None:
    """List the recipes: post, name, minutes on one core, title, address, and what is claimed."""
    from zhnlp.generative.recipes import recipes

    if format not in ("text", "jsonl"):
        raise ValueError(f"--format {format} is not known: expected text or jsonl")
    columns = ("post", "name", "minutes", "title", "address", "claim")
    if format == "text":
        print("\t".join(columns))
    for one in recipes():
        card = one.card
        row = (card.post, one.name, card.minutes, card.title, card.address, card.claim)
        if format == "jsonl":
            print(json.dumps(dict(zip(columns, row)) | {"posts": card.posts}, ensure_ascii=False))
        else:
            print("\t".join(map(str, row)))


@generative.command(
    "run",
    epilog="Example: zhnlp generative run 5253 --quick --seeds 1 --out vae",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
@mendable
def run_recipe(
    context: typer.Context,
    post: Annotated[str, typer.Argument(help="A post, 5253, or a name of the list, vae_5253.")],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder of table.md, figures.json and pictures. [default: workdir/generative/POST]",
            show_default=False,
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(help="How many, counted from 0. [default: the recipe's, mostly 3]", show_default=False),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Smaller, to try it: figures are not the recipe's.")
    ] = False,
    options: Annotated[
        bool, typer.Option("--options", help="Print what the recipe does, and options of its own.")
    ] = False,
) -> None:
    """Run the recipe of a post: print the table of claims, write figures and pictures into a folder.

    Other options go to the recipe, see --options.  A post with two recipes gets a folder for each inside --out.
    """
    from zhnlp.generative.recipes import find

    found = find(post)
    if len(found) > 1 and context.args:
        raise ValueError(
            f"{post} has recipes {' and '.join(one.name for one in found)}, and {' '.join(context.args)} is for one of them. "
            f"Next: zhnlp generative run {found[0].name} {' '.join(context.args)}"
        )
    check_place(out, "--out", folder=True)
    if out is not None and out.is_file():
        raise ValueError(f"--out {out} is a file: expected the name of a folder")
    for one in found:
        arguments = list(context.args) + ["--quick"] * quick
        if out is not None:
            arguments += ["--out", str(out if len(found) == 1 else out / one.name)]
        if seeds is not None:
            arguments += ["--seeds", str(seeds)]
        if options:
            with suppress(SystemExit):
                one.main()(["--help"])
        else:
            one.main()(arguments)
