"""``zhnlp explain``: which characters decided."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from zhnlp.cli.application import app
from zhnlp.cli.refusals import check_place, mendable


@app.command(epilog="Example: zhnlp explain 服务太差了，再也不来 --labels 正面=好,满意 --labels 负面=差")
@mendable
def explain(
    texts: Annotated[list[str], typer.Argument(help="A text, or several.", show_default=False)],
    model: Annotated[
        str | None,
        typer.Option(
            help="Folder or Hub id of a classifier; with --labels of a language model (default: zhnlp-mlm-small)."
        ),
    ] = None,
    labels: Annotated[
        list[str] | None,
        typer.Option(
            help="label=word,word (again for each label), or labels with commas between: a zero-shot classifier."
        ),
    ] = None,
    template: Annotated[
        list[str] | None,
        typer.Option(help="Of that classifier: {text}。总之，很{mask}。 Several are averaged."),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Label to explain; default: the one that is chosen.")
    ] = None,
    method: Annotated[
        str, typer.Option(help="integrated-gradients, gradient, gradient-x-input or occlusion.")
    ] = "integrated-gradients",
    baseline: Annotated[
        str, typer.Option(help="No token is: pad, mask, zero or mean; auto: mask of a prompt, else pad.")
    ] = "auto",
    steps: Annotated[str, typer.Option(help="Points of integrated gradients, or auto.")] = "50",
    output: Annotated[str, typer.Option(help="What is explained: logit or probability.")] = "logit",
    words: Annotated[bool, typer.Option("--words", help="Show words instead of tokens.")] = False,
    html: Annotated[Path | None, typer.Option(help="Also write the heat maps as a page.")] = None,
    language: Annotated[str, typer.Option(help="Language of the page: en or zh.")] = "en",
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit of the Hub.")] = None,
    format: Annotated[str, typer.Option(help="text: heat maps; jsonl: a line a text.")] = "text",
) -> None:
    """Show which characters of a text speak for a label, and which against it."""
    from zhnlp import pipeline
    from zhnlp.attribution import render_page
    from zhnlp.attribution.page_labels import labels as page_labels
    from zhnlp.cli.label_option import parse_labels
    from zhnlp.text.files import write_whole

    if format not in ("text", "jsonl"):
        raise ValueError(f"--format {format} is not known: expected text or jsonl")
    page_labels(language)
    check_place(html, "--html")
    pipe = pipeline(
        "explain",
        model,
        labels=parse_labels(labels),
        template=(template[0] if len(template) == 1 else template) if template else None,
        method=method,
        baseline=baseline,
        steps=int(steps) if steps.isdecimal() else steps,
        output=output,
        revision=revision,
    )
    found = pipe(texts, target)
    for number, one in enumerate(found):
        if format == "jsonl":
            print(json.dumps(one, ensure_ascii=False))
        else:
            print(("\n" if number else "") + one.to_text(of="words" if words else "tokens"))
    if html is not None:
        write_whole(html, render_page(found, language=language))
