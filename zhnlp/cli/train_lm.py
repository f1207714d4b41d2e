"""``zhnlp train lm``: a causal language model fine-tuned on one's own text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from zhnlp.cli.documents import say_faults
from zhnlp.cli.options import Encoding, Files, Progress, TextField, Unit
from zhnlp.cli.refusals import check_place, mendable
from zhnlp.cli.train import Threads, train


@train.command("lm", epilog="Example: zhnlp train lm novel.txt --model zhnlp-gpt-small --out my-writer")
@mendable
def lm(
    files: Files,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Folder of the model; run again to continue.", show_default=False),
    ],
    model: Annotated[
        str, typer.Option(help="What to begin from: shipped name, folder or Hub id of a causal model.")
    ] = "zhnlp-gpt-small",
    optimizer: Annotated[str, typer.Option(help="adamw, or adafactor, which needs little memory.")] = "adamw",
    lora: Annotated[
        int | None,
        typer.Option(help="Train adapters of this rank, such as 8, instead of all weights (zhnlp[lora])."),
    ] = None,
    epochs: Annotated[float, typer.Option(help="Passes over the text.")] = 3.0,
    batch_size: Annotated[int, typer.Option(help="Rows a step.", min=1)] = 8,
    length: Annotated[
        int | None, typer.Option(help="Tokens of a row; default: what the model reads, at most 512.", min=2)
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Default: by optimizer and size of the model.")
    ] = None,
    gradient_checkpointing: Annotated[
        bool, typer.Option("--gradient-checkpointing", help="Slower, less memory.")
    ] = False,
    held_out: Annotated[float, typer.Option(help="Share of the documents kept out and scored.")] = 0.05,
    text_field: TextField = None,
    encoding: Encoding = "utf-8",
    unit: Unit = "line",
    threads: Threads = None,
    device: Annotated[str | None, typer.Option(help='"cpu"; default: the GPU where there is one.')] = None,
    seed: Annotated[int, typer.Option(help="Of order, adapters and dropout.")] = 0,
    progress: Progress = None,
) -> None:
    """Fine-tune a causal language model on your own text; its folder loads with text-generation."""
    from zhnlp.text import Corpus
    from zhnlp.training.causal_fine_tuning import FineTuning, fine_tune

    if out.is_file():
        raise ValueError(f"--out {out} is a file: expected the name of a folder")
    check_place(out, "--out", folder=True)
    settings = FineTuning(
        optimizer=optimizer,
        lora=lora,
        epochs=epochs,
        batch_size=batch_size,
        length=length,
        learning_rate=learning_rate,
        gradient_checkpointing=gradient_checkpointing,
        held_out_share=held_out,
        seed=seed,
    )
    if threads:
        import torch

        torch.set_num_threads(threads)
    texts = Corpus.from_paths(files, text_field=text_field, encoding=encoding, unit=unit)
    result = fine_tune(model, texts, out, settings, device=device, progress=progress)
    say_faults(texts)
    print(json.dumps(result, ensure_ascii=False))
