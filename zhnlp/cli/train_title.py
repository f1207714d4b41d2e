"""``zhnlp train title``: a title generator of one's own, from articles with titles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from zhnlp.cli.options import Encoding, Progress
from zhnlp.cli.refusals import check_place, mendable
from zhnlp.cli.train import Threads, train


@train.command(
    "title", epilog="Example: zhnlp train title news.jsonl --fields content,title --out my-titles --epochs 5"
)
@mendable
def title(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Articles with titles: .jsonl, .csv, .tsv or .parquet, also packed.", show_default=False
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="Folder of the generator; run again to continue.", show_default=False
        ),
    ],
    engine: Annotated[str, typer.Option(help="unilm, lstm or encoder-decoder.")] = "unilm",
    model: Annotated[
        str | None,
        typer.Option(help="What to begin from; default of unilm: zhnlp-mlm-small."),
    ] = None,
    valid: Annotated[
        list[str] | None, typer.Option(help="Pairs to choose by; default: a twentieth of FILES is held out.")
    ] = None,
    fields: Annotated[
        str | None, typer.Option(help="Columns of article and title, such as content,title.")
    ] = None,
    epochs: Annotated[float, typer.Option(help="Passes over the pairs at most.")] = 10,
    batch_size: Annotated[int, typer.Option(help="Pairs a step.", min=1)] = 32,
    learning_rate: Annotated[float | None, typer.Option(help="Default: by the size of the model.")] = None,
    patience: Annotated[int, typer.Option(help="Passes without a better ROUGE-L before the end.", min=1)] = 2,
    max_source: Annotated[int, typer.Option(help="Tokens of an article that are read.", min=1)] = 256,
    max_target: Annotated[int, typer.Option(help="Tokens of a title at most.", min=1)] = 32,
    encoding: Encoding = "utf-8",
    threads: Threads = None,
    seed: Annotated[int, typer.Option(help="Of order, draws and dropout.")] = 0,
    progress: Progress = None,
) -> None:
    """Train a title generator; titles of held-out articles are printed after each pass, the best weights are kept."""
    from zhnlp.seq2seq import TitleGenerator, read_pairs

    if out.is_file():
        raise ValueError(f"--out {out} is a file: expected the name of a folder")
    check_place(out, "--out", folder=True)
    if threads:
        import torch

        torch.set_num_threads(threads)
    named = fields.split(",") if fields else None
    pairs = list(zip(*read_pairs(files, named, encoding=encoding)))
    held_out = list(zip(*read_pairs(valid, named, encoding=encoding))) if valid else None
    generator = TitleGenerator(
        model, engine=engine, max_source=max_source, max_target=max_target, seed=seed, progress=progress
    )
    rate = {} if learning_rate is None else {"learning_rate": learning_rate}
    generator.fit(
        pairs, held_out, out=out / "training", epochs=epochs, batch_size=batch_size, patience=patience, **rate
    )
    generator.save(out)
    best = max(generator.history_, key=lambda one: one["rouge_l"], default=None)
    figures = (
        {}
        if best is None
        else {name: round(best[name], 4) for name in ("epoch", "rouge_l", "rouge_1", "rouge_2", "bleu")}
    )
    print(json.dumps({"folder": str(out), "pairs": len(pairs), **figures}, ensure_ascii=False))
