"""``zhnlp train conditional``: a generator of texts with an asked label, from labelled texts."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from zhnlp.cli.options import Encoding, Progress
from zhnlp.cli.refusals import check_place, mendable
from zhnlp.cli.train import Threads, train


@train.command(
    "conditional",
    epilog="Example: zhnlp train conditional corpora/reviews/dev.tsv --out my-reviews --epochs 5",
)
@mendable
def conditional(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Texts with labels: .tsv, .csv, .jsonl or .parquet, also packed.", show_default=False
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="Folder of the generator; run again to continue.", show_default=False
        ),
    ],
    model: Annotated[
        str | None, typer.Option(help="Causal model to begin from; default: zhnlp-gpt-small.")
    ] = None,
    valid: Annotated[
        list[str] | None, typer.Option(help="Texts to choose by; default: a twentieth of FILES is held out.")
    ] = None,
    text_field: Annotated[
        str | None, typer.Option(help="Column of the text; default: text, content …")
    ] = None,
    label_field: Annotated[str, typer.Option(help="Column of the label.")] = "label",
    epochs: Annotated[float, typer.Option(help="Passes over the texts at most.")] = 10,
    batch_size: Annotated[int, typer.Option(help="Texts a step.", min=1)] = 32,
    learning_rate: Annotated[float | None, typer.Option(help="Default: by the size of the model.")] = None,
    drop: Annotated[
        float, typer.Option(help="Share of the texts that lose their label, for guidance.")
    ] = 0.1,
    patience: Annotated[
        int, typer.Option(help="Passes without a lower held-out loss before the end.", min=1)
    ] = 2,
    max_length: Annotated[int, typer.Option(help="Characters of a text at most.", min=1)] = 128,
    encoding: Encoding = "utf-8",
    threads: Threads = None,
    seed: Annotated[int, typer.Option(help="Of order, draws and dropout.")] = 0,
    progress: Progress = None,
) -> None:
    """Train a generator of texts with an asked label; two texts are printed after each pass, the best weights are kept."""
    from zhnlp.conditional import ConditionalGenerator
    from zhnlp.text.columns import Columns, read_labelled
    from zhnlp.text.report import CorpusReport

    if out.is_file():
        raise ValueError(f"--out {out} is a file: expected the name of a folder")
    check_place(out, "--out", folder=True)
    if threads:
        import torch

        torch.set_num_threads(threads)
    columns = Columns(("text",), [text_field] if text_field else [], label_field)
    report = CorpusReport()
    texts, labels = read_labelled(files, columns, report, encoding=encoding)
    held_out = read_labelled(valid, columns, report, encoding=encoding) if valid else None
    if report.skipped:
        print(report, file=sys.stderr)
    generator = ConditionalGenerator(model, max_length=max_length, seed=seed, progress=progress)
    rate = {} if learning_rate is None else {"learning_rate": learning_rate}
    options = {"epochs": epochs, "batch_size": batch_size, "drop": drop, "patience": patience, **rate}
    generator.fit(texts, labels, held_out, out=out / "training", **options)
    generator.save(out)
    best = min(generator.history_, key=lambda one: one["loss"], default=None)
    figures = {} if best is None else {name: round(best[name], 4) for name in ("epoch", "loss")}
    said = {"folder": str(out), "texts": len(texts), "labels": generator.labels_["label"], **figures}
    print(json.dumps(said, ensure_ascii=False))
