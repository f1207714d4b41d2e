"""``zhnlp train reader``: a reader of one's own, from questions with passages and answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from zhnlp.cli.options import Progress
from zhnlp.cli.refusals import check_place, mendable
from zhnlp.cli.train import Threads, train


@train.command("reader", epilog="Example: zhnlp train reader train.json --out my-reader --epochs 20")
@mendable
def reader(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Questions: JSON of SQuAD, CMRC2018, DRCD, WebQA or SogouQA, or JSONL with question, context (or passages) and answers.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Folder of the reader; run again to continue.", show_default=False),
    ],
    engine: Annotated[str, typer.Option(help="dgcnn or encoder.")] = "dgcnn",
    model: Annotated[
        str | None,
        typer.Option(help="What to begin from: a reader; of encoder any encoder (default: zhnlp-mlm-small)."),
    ] = None,
    valid: Annotated[
        list[str] | None,
        typer.Option(help="Questions to choose by; default: a tenth of FILES is held out, at most 500."),
    ] = None,
    labels: Annotated[
        str, typer.Option(help="given: the place of each answer; all: every place where its string stands.")
    ] = "given",
    wrong: Annotated[
        int,
        typer.Option(
            help="Near passages of other questions that each is given besides, so that the reader learns to say no; 3 will do.",
            min=0,
        ),
    ] = 0,
    alone: Annotated[
        float, typer.Option(help="Share of the questions that get none of these.", min=0, max=1)
    ] = 0.0,
    folds: Annotated[
        int | None, typer.Option(help="Train so many readers and average them, 2 or more.")
    ] = None,
    form: Annotated[
        str | None, typer.Option(help="Of dgcnn: 6906 (characters, default) or 5409 (words).")
    ] = None,
    words: Annotated[
        str | None,
        typer.Option(help="Of dgcnn: file of word vectors, or none; default: learnt from the passages."),
    ] = None,
    span_kind: Annotated[
        str | None, typer.Option(help="sigmoid (default of dgcnn) or softmax (default of encoder).")
    ] = None,
    hidden_size: Annotated[
        int | None, typer.Option(help="Of dgcnn: features a character; default: 128.", min=1)
    ] = None,
    hand_features: Annotated[
        bool | None,
        typer.Option("--hand-features/--no-hand-features", help="Of dgcnn; default: of the form."),
    ] = None,
    dgcnn: Annotated[
        Path | None,
        typer.Option(help="Of encoder: a reader of dgcnn, form 6906, that then reads its states."),
    ] = None,
    epochs: Annotated[float, typer.Option(help="Passes over the questions at most.")] = 20,
    batch_size: Annotated[int, typer.Option(help="Questions a step.", min=1)] = 32,
    learning_rate: Annotated[float | None, typer.Option(help="Default: by the network.")] = None,
    patience: Annotated[
        int | None,
        typer.Option(help="Passes without a better F1 before the end; default: all are made.", min=1),
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="Keep weights in 8 bits, a quarter of the size.")
    ] = False,
    threads: Threads = None,
    seed: Annotated[int, typer.Option(help="Of weights, order, draws and dropout.")] = 0,
    progress: Progress = None,
) -> None:
    """Train a reader; answers of held-out questions are printed after each pass, the best weights are kept."""
    from zhnlp.reading import PassageReader, read_examples

    if out.is_file():
        raise ValueError(f"--out {out} is a file: expected the name of a folder")
    check_place(out, "--out", folder=True)
    if threads:
        import torch

        torch.set_num_threads(threads)
    options: dict[str, Any] = {
        "form": form,
        "span_kind": span_kind,
        "hidden_size": hidden_size,
        "hand_features": hand_features,
        "dgcnn": dgcnn,
    }
    options = {name: value for name, value in options.items() if value is not None}
    if words is not None:
        options["words"] = None if words == "none" else words
    made = PassageReader(model, engine=engine, seed=seed, progress=progress, **options)
    examples = read_examples(files, labels)
    rate = {} if learning_rate is None else {"learning_rate": learning_rate}
    made.fit(
        examples,
        read_examples(valid) if valid else None,
        wrong=wrong,
        alone=alone,
        folds=folds,
        out=out / "training",
        epochs=epochs,
        batch_size=batch_size,
        patience=patience,
        **rate,
    )
    made.save(out, int8=int8)
    best = max(
        (one for one in made.history_ if "f1" in one), key=lambda one: one["f1"], default=None
    )  # nothing was held out of few questions
    figures = {} if best is None else {name: round(best[name], 4) for name in ("epoch", "f1", "em")}
    calibrated = made.calibration is not None
    print(
        json.dumps(
            {"folder": str(out), "questions": len(examples), **figures, "calibrated": calibrated},
            ensure_ascii=False,
        )
    )
