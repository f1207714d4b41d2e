"""``zhnlp generate``: write on from a prompt."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from zhnlp.cli.application import app
from zhnlp.cli.refusals import mendable

Model = Annotated[str | None, typer.Option(help="Shipped name, folder or Hub id; default: what ships.")]


@app.command(epilog="Example: zhnlp generate 春天来了， --seed 1")
@mendable
def generate(
    prompt: Annotated[
        str, typer.Argument(help="The text to go on from; empty for a whole text.", show_default=False)
    ],
    model: Model = None,
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit of the Hub.")] = None,
    max_new_tokens: Annotated[int, typer.Option(help="Tokens to write at most.")] = 64,
    num_return: Annotated[int, typer.Option(help="Texts to write, best first.")] = 1,
    temperature: Annotated[float, typer.Option(help="0: always the likeliest token.")] = 0.8,
    top_k: Annotated[int, typer.Option(help="Draw among the likeliest so many; 0: all.")] = 50,
    top_p: Annotated[
        float, typer.Option(help="Draw among the likeliest with this probability together.")
    ] = 0.95,
    repetition_penalty: Annotated[float, typer.Option(help="Above 1: fewer repetitions.")] = 1.1,
    num_beams: Annotated[int, typer.Option(help="Above 1: search the likeliest text, draw nothing.")] = 1,
    length_penalty: Annotated[float, typer.Option(help="Of beams; above 1: longer texts.")] = 1.0,
    no_repeat_ngram: Annotated[int, typer.Option(help="No so many tokens twice in a row; 0: they may.")] = 0,
    min_new_tokens: Annotated[int, typer.Option(help="Tokens to write at least.")] = 0,
    stop: Annotated[list[str] | None, typer.Option(help="End before this string; may be repeated.")] = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(help="Label of the text, of a conditional model; several as attribute=label, repeated."),
    ] = None,
    guidance: Annotated[float, typer.Option(help="Above 1: more of the condition, less variety.")] = 1.0,
    seed: Annotated[int | None, typer.Option(help="The same seed writes the same.")] = None,
    format: Annotated[str, typer.Option(help="text: as it is written; jsonl: with scores.")] = "text",
) -> None:
    """Write on from a prompt with a causal language model; the prompt itself is not printed."""
    from zhnlp import pipeline

    if format not in ("text", "jsonl"):
        raise ValueError(f"--format {format} is not known: expected text or jsonl")
    pipe = pipeline(
        "text-generation",
        model,
        revision=revision,
        max_new_tokens=max_new_tokens,
        num_return=num_return,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        repetition_penalty=repetition_penalty,
        num_beams=num_beams,
        length_penalty=length_penalty,
        no_repeat_ngram=no_repeat_ngram,
        min_new_tokens=min_new_tokens,
        stop=stop or (),
        condition=_label(condition or []),
        guidance=guidance,
        seed=seed,
    )
    if format == "text" and num_return == 1:
        if num_beams == 1:
            pipe(prompt, stream=lambda piece: print(piece, end="", flush=True))
            print()
        else:
            print(pipe(prompt)["text"])
        return
    results = pipe(prompt)
    for row in results if isinstance(results, list) else [results]:
        print(json.dumps(row, ensure_ascii=False) if format == "jsonl" else row["text"].replace("\n", " "))


def _label(values: list[str]) -> str | dict[str, str] | None:
    """One label as it is, attribute=label as a dict."""
    if len(values) == 1 and "=" not in values[0]:
        return values[0]
    for value in values:
        if "=" not in value:
            raise ValueError(f"--condition {value} is one of several: expected attribute=label")
    return dict(value.split("=", 1) for value in values) or None
