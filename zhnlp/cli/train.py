"""``zhnlp train``: language models of one's own, from raw text."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from zhnlp.cli.application import app
from zhnlp.cli.documents import say_faults
from zhnlp.cli.options import Encoding, Files, Progress, TextField, Unit
from zhnlp.cli.refusals import check_place, mendable

train = typer.Typer(
    help="Train a model on your own text; the same command again continues.",
    epilog="Example: zhnlp train masked-lm corpus/*.txt --out my-model --steps 2000",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(train, name="train")

Folder = Annotated[
    Path, typer.Option("--out", "-o", help="Folder of the model; run again to continue.", show_default=False)
]
Steps = Annotated[int, typer.Option(help="Steps at a constant rate; more of them later continue.", min=1)]
Anneal = Annotated[
    int | None,
    typer.Option(help="Steps in which the rate falls to zero; default: a tenth of --steps.", min=0),
]
Layers = Annotated[int, typer.Option(help="Layers of the network.", min=1)]
Width = Annotated[int, typer.Option(help="Features a token.", min=2)]
Heads = Annotated[int, typer.Option(help="Attention heads; they divide the width.", min=1)]
Length = Annotated[int, typer.Option(help="Tokens a row.", min=4)]
Rows = Annotated[int, typer.Option(help="Rows a step on one device.", min=1)]
Rate = Annotated[float, typer.Option(help="Learning rate of AdamW.")]
Warmup = Annotated[
    int | None,
    typer.Option(help="Steps in which the rate rises to it; default: 200, or a tenth of --steps.", min=0),
]
MinCount = Annotated[int, typer.Option(help="Occurrences below which a character is [UNK].", min=1)]
HeldOut = Annotated[float, typer.Option(help="Share of the documents kept out and scored, 0 to 1.")]
Start = Annotated[
    str | None,
    typer.Option(
        help="Begin from the weights and vocabulary of a trained model of the same size, such as the shipped one."
    ),
]
Seed = Annotated[int, typer.Option(help="Of weights, order and masks.")]
Threads = Annotated[int | None, typer.Option(help="CPU threads; default: torch's.", min=1)]
Compile = Annotated[bool, typer.Option("--compile", help="torch.compile, for a GPU.")]


@train.command(
    "masked-lm", epilog="Example: zhnlp train masked-lm corpora/power_grid/*.txt --out my-mlm --steps 2000"
)
@mendable
def masked_lm(
    files: Files,
    out: Folder,
    steps: Steps = 20_000,
    anneal: Anneal = None,
    layers: Layers = 4,
    width: Width = 256,
    heads: Heads = 4,
    length: Length = 128,
    rows: Rows = 32,
    learning_rate: Rate = 1.2e-3,
    warmup: Warmup = None,
    start: Start = None,
    mask_rate: Annotated[float, typer.Option(help="Share of the tokens that are guessed, 0 to 1.")] = 0.3,
    whole_words: Annotated[float, typer.Option(help="Share of the rows that mask whole words.")] = 0.25,
    lexicon: Annotated[
        Path | None, typer.Option(help="Words for whole-word masks; default: jieba's dictionary.")
    ] = None,
    min_count: MinCount = 5,
    held_out: HeldOut = 0.01,
    text_field: TextField = None,
    encoding: Encoding = "utf-8",
    unit: Unit = "line",
    threads: Threads = None,
    compile: Compile = False,
    seed: Seed = 0,
    progress: Progress = None,
) -> None:
    """Pre-train a small masked language model (RoFormer) on characters; its folder loads with fill-mask."""

    def word_starts():
        from zhnlp.tasks.segmentation import make_segmenter

        segmenter = make_segmenter(lexicon)
        return lambda text: segmenter.spans(text)[0]

    _train(
        "masked-lm",
        out,
        corpus={"patterns": files, "text_field": text_field, "encoding": encoding, "unit": unit},
        plan={
            **{"layers": layers, "width": width, "heads": heads, "length": length, "rows": rows},
            **{"learning_rate": learning_rate, "warmup": warmup, "seed": seed, "start": start},
            **{"mask_rate": mask_rate, "whole_words": whole_words},
        },
        word_starts=word_starts if whole_words > 0 else None,
        lexicon=lexicon if whole_words > 0 else None,
        threads=threads,
        progress=progress,
        training={
            **{"steps": steps, "anneal": anneal, "min_count": min_count, "held_out_share": held_out},
            "torch_compile": compile,
        },
    )


@train.command(
    "causal-lm", epilog="Example: zhnlp train causal-lm corpora/power_grid/*.txt --out my-gpt --steps 2000"
)
@mendable
def causal_lm(
    files: Files,
    out: Folder,
    steps: Steps = 20_000,
    anneal: Anneal = None,
    layers: Layers = 4,
    width: Width = 256,
    heads: Heads = 4,
    length: Length = 128,
    rows: Rows = 32,
    learning_rate: Rate = 1.2e-3,
    warmup: Warmup = None,
    start: Start = None,
    min_count: MinCount = 5,
    held_out: HeldOut = 0.01,
    text_field: TextField = None,
    encoding: Encoding = "utf-8",
    unit: Unit = "line",
    threads: Threads = None,
    compile: Compile = False,
    seed: Seed = 0,
    progress: Progress = None,
) -> None:
    """Pre-train a small causal language model (GPT-NeoX) on characters; its folder loads with text-generation."""
    _train(
        "causal-lm",
        out,
        corpus={"patterns": files, "text_field": text_field, "encoding": encoding, "unit": unit},
        plan={
            **{"layers": layers, "width": width, "heads": heads, "length": length, "rows": rows},
            **{"learning_rate": learning_rate, "warmup": warmup, "seed": seed, "start": start},
        },
        word_starts=None,
        threads=threads,
        progress=progress,
        training={
            **{"steps": steps, "anneal": anneal, "min_count": min_count, "held_out_share": held_out},
            "torch_compile": compile,
        },
    )


def _train(
    objective: str,
    out: Path,
    *,
    corpus: dict[str, Any],
    plan: dict[str, Any],
    word_starts: Callable[[], Any] | None,
    lexicon: Path | None = None,
    threads: int | None,
    progress: bool | None,
    training: dict[str, Any],
) -> None:
    """What both commands do: check, train, print one line of JSON."""
    from zhnlp.text import Corpus
    from zhnlp.training.pretraining.plan import Plan, fitting_warmup

    if out.is_file():
        raise ValueError(f"--out {out} is a file: expected the name of a folder")
    check_place(out, "--out", folder=True)
    texts = Corpus.from_paths(corpus.pop("patterns"), **corpus)
    if plan["warmup"] is None:
        plan["warmup"] = fitting_warmup(training["steps"], out / "training/steps")
    chosen = Plan(objective, **plan)

    import torch

    from zhnlp.mining.progress import Progress as Bar
    from zhnlp.training.language_model import train_language_model
    from zhnlp.training.pretraining.processes import is_main_process

    if threads:
        torch.set_num_threads(threads)
    main = is_main_process()
    say = Bar(progress, speaks=main and progress is not False).say
    try:
        result = train_language_model(
            texts,
            out,
            chosen,
            word_starts=word_starts and word_starts(),
            lexicon=lexicon,
            say=say,
            disable_tqdm=progress is False,
            **training,
        )
    except KeyboardInterrupt:
        if main:
            print(f"zhnlp: stopped; the same command goes on from what {out} holds", file=sys.stderr)
        raise SystemExit(130) from None
    if not main:
        return
    say_faults(texts)
    print(json.dumps(result, ensure_ascii=False))
