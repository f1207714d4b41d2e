"""``zhnlp title``: titles of articles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from zhnlp.cli.application import app
from zhnlp.cli.documents import say_faults, stream_documents, write_lines
from zhnlp.cli.options import Encoding, Files, Progress, TextField, Unit
from zhnlp.cli.refusals import check_apart, check_place, mendable


@app.command(epilog="Example: zhnlp title articles.jsonl --num-return 3 --html titles.html")
@mendable
def title(
    files: Files,
    model: Annotated[
        str | None,
        typer.Option(help="Folder of zhnlp train title; default: zhnlp-title-small, where it is installed."),
    ] = None,
    num_beams: Annotated[int, typer.Option(help="Hypotheses kept; 1 is fastest.", min=1)] = 3,
    num_return: Annotated[int, typer.Option(help="Titles for each article, best first.", min=1)] = 1,
    min_length: Annotated[int, typer.Option(help="Tokens of a title at least.", min=0)] = 1,
    max_length: Annotated[
        int | None, typer.Option(help="Tokens of a title at most; default: that of the training.", min=1)
    ] = None,
    length_penalty: Annotated[
        float, typer.Option(help="0 favours short titles, 1 and more long ones.")
    ] = 1.0,
    no_repeat_ngram: Annotated[
        int, typer.Option(help="No n-gram of this length comes twice; 0: any may.")
    ] = 0,
    forced: Annotated[
        list[str] | None, typer.Option(help="Must stand in every title; can be repeated.")
    ] = None,
    forbidden: Annotated[
        list[str] | None, typer.Option(help="Must not stand in a title; can be repeated.")
    ] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Draw titles instead of searching.")] = False,
    temperature: Annotated[float, typer.Option(help="Of --sample.")] = 1.0,
    top_k: Annotated[int, typer.Option(help="Of --sample: among the likeliest so many; 0: all.")] = 0,
    top_p: Annotated[
        float, typer.Option(help="Of --sample: among the likeliest with this probability.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Of --sample.")] = 0,
    format: Annotated[str, typer.Option(help="text: titles with tabs between; jsonl: with scores.")] = "text",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write instead of printing.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Also write a page of articles with their titles.")
    ] = None,
    text_field: TextField = None,
    encoding: Encoding = "utf-8",
    unit: Unit = "line",
    progress: Progress = None,
) -> None:
    """Write titles of articles, a line an article, in the order of the input; blank articles are left out."""
    from zhnlp import pipeline
    from zhnlp.mining.progress import Progress as Bar
    from zhnlp.text import Corpus

    if format not in ("text", "jsonl"):
        raise ValueError(f"--format {format} is not known: expected text or jsonl")
    check_place(out, "--out")
    check_place(html, "--html")
    check_apart([one for one in files if one != "-"], {"--out": out, "--html": html})
    some = {"temperature": temperature, "top_k": top_k, "top_p": top_p} if sample else {}
    some |= {} if max_length is None else {"max_length": max_length}
    pipe = pipeline(
        "title-generation",
        model,
        num_beams=num_beams,
        num_return=num_return,
        min_length=min_length,
        length_penalty=length_penalty,
        no_repeat_ngram=no_repeat_ngram,
        forced=forced or (),
        forbidden=forbidden or (),
        sample=sample,
        seed=seed,
        progress=False,
        **some,
    )
    corpus = Corpus.from_paths(files, text_field=text_field, encoding=encoding, unit=unit)
    shown: list[dict[str, Any]] = []

    def lines() -> Iterator[str]:
        kept: list[str] = []

        def articles() -> Iterator[str]:
            for text in stream_documents(corpus, Bar(progress), "title"):
                if text.strip():
                    kept.append(text)
                    yield text

        for number, found in enumerate(pipe(articles())):
            titles = found if isinstance(found, list) else [found]
            if html is not None:
                shown.append({"article": kept[number], "titles": titles})
            else:
                kept[number] = ""  # what was written is not held
            plain = "\t".join(one["title"] for one in titles)
            yield (
                plain
                if format == "text"
                else json.dumps(titles if num_return > 1 else titles[0], ensure_ascii=False)
            )

    write_lines(lines(), out)
    say_faults(corpus)
    if html is not None:
        from zhnlp.seq2seq.page import render_page
        from zhnlp.text.files import write_whole

        write_whole(html, render_page(shown))
