"""``zhnlp surprise``: what a language model did not expect."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zhnlp.cli.application import app
from zhnlp.cli.options import Encoding, Files, Progress, TextField, Unit
from zhnlp.cli.refusals import check_apart, check_place, mendable

if TYPE_CHECKING:
    from zhnlp.attribution import Surprise

_TOGETHER = 64  # documents that are scored at a time


@app.command(epilog="Example: zhnlp surprise article.txt --html surprise.html")
@mendable
def surprise(
    files: Files,
    model: Annotated[
        str, typer.Option(help="Shipped name, folder or Hub id of a causal model.")
    ] = "zhnlp-gpt-small",
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit of the Hub.")] = None,
    end: Annotated[bool, typer.Option("--end", help="The end of each document is paid for too.")] = False,
    context: Annotated[
        int | None, typer.Option(help="Tokens that are seen together; default: what the model reads.", min=2)
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Also write the heat maps as a page.")] = None,
    language: Annotated[str, typer.Option(help="Language of the page: en or zh.")] = "en",
    text_field: TextField = None,
    encoding: Encoding = "utf-8",
    unit: Unit = "line",
    device: Annotated[str | None, typer.Option(help='Such as "cpu" or "cuda:0".')] = None,
    format: Annotated[
        str, typer.Option(help="text: heat maps; jsonl: a line a text; summary: figures of all.")
    ] = "text",
    progress: Progress = None,
) -> None:
    """Show how much each character surprises a causal language model; perplexity and bits a character."""
    from zhnlp import pipeline
    from zhnlp.attribution import render_surprise
    from zhnlp.attribution.page_labels import labels
    from zhnlp.cli.documents import say_faults, stream_documents
    from zhnlp.mining.progress import Progress as Bar
    from zhnlp.text import Corpus
    from zhnlp.text.files import write_whole

    if format not in ("text", "jsonl", "summary"):
        raise ValueError(f"--format {format} is not known: expected text, jsonl or summary")
    labels(language)
    check_place(html, "--html")
    check_apart([one for one in files if one != "-"], {"--html": html})
    corpus = Corpus.from_paths(files, text_field=text_field, encoding=encoding, unit=unit)
    pipe = pipeline("text-generation", model, revision=revision, device=device)
    texts = (text for text in stream_documents(corpus, Bar(progress), "surprise") if text.strip())
    kept, summed = [], _Sum()
    for number, found in enumerate(_scored(pipe, texts, end, context)):
        summed.add(found)
        if html is not None:
            kept.append(found)
        if format == "jsonl":
            print(json.dumps(found, ensure_ascii=False))
        elif format == "text":
            print(("\n" if number else "") + found.to_text())
    say_faults(corpus)
    if not summed.texts:
        raise ValueError(f"{', '.join(files)}: there is no text to score. Next: head {files[0]}")
    if format == "summary":
        print(json.dumps(summed.figures(), ensure_ascii=False))
    if html is not None:
        write_whole(html, render_surprise(kept, language=language))


def _scored(pipe: Any, texts: Iterator[str], end: bool, context: int | None) -> Iterator[Surprise]:
    """The texts, some at a time."""
    from zhnlp.attribution import surprise

    window: list[str] = []
    for text in texts:
        window.append(text)
        if len(window) == _TOGETHER:
            yield from surprise(pipe, window, end=end, context=context)
            window = []
    if window:
        yield from surprise(pipe, window, end=end, context=context)


class _Sum:
    """Figures of all texts together."""

    def __init__(self):
        self.texts: list[int] = []
        self.nats, self.unknown = 0.0, 0

    def add(self, found: Surprise) -> None:
        self.texts.append(found["count"])
        self.nats += found["nats"]
        self.unknown += found["unknown"]

    def figures(self) -> dict[str, Any]:
        from math import exp, log

        count = max(1, sum(self.texts))
        return {
            "texts": len(self.texts),
            "characters": sum(self.texts),
            "perplexity": exp(self.nats / count),
            "bits_per_character": self.nats / count / log(2),
            "unknown_share": self.unknown / count,
        }
