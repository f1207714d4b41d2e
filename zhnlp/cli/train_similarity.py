"""``zhnlp train similarity``: an encoder of sentences of one's own, from groups, pairs, triples or texts alone."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zhnlp.cli.options import Encoding, Progress
from zhnlp.cli.refusals import check_place, mendable
from zhnlp.cli.train import Threads, train

if TYPE_CHECKING:
    from zhnlp.similarity import Examples, SentenceEncoder

GRU: dict[str, dict[str, int]] = {
    "gru": {"embedding_size": 512, "hidden_size": 512, "state_size": 64},
    "gru-5743": {},  # the post's: the state after the last character
}  # models that begin from nothing
METRICS = ("hit_1", "spearman", "accuracy")


@train.command(
    "similarity",
    epilog="Example: zhnlp train similarity corpora/faq/shop.csv --form groups --fields id,question --model gru --loss contrast --out my-encoder",
)
@mendable
def similarity(
    files: Annotated[
        list[str],
        typer.Argument(
            help="What to learn from: .tsv, .csv, .jsonl or .parquet, also packed.", show_default=False
        ),
    ],
    form: Annotated[
        str,
        typer.Option(
            help="groups (group, text), pairs (text_a, text_b, perhaps label), triples (anchor, right, wrong) or texts.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Folder of the encoder; run again to continue.", show_default=False),
    ],
    loss: Annotated[
        str | None,
        typer.Option(help="Default: am-softmax, cosent, supervised-simcse or simcse, by the form."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="Encoder or model to begin from; or, new, gru (characters that a GRU corrects) or gru-5743 (the post's); default: what ships."
        ),
    ] = None,
    pooling: Annotated[
        str | None,
        typer.Option(help="mean, cls, max, last, first-last or attention; default: the model's own."),
    ] = None,
    valid: Annotated[
        list[str] | None,
        typer.Option(help="Examples to choose the pass by; default: a twentieth of FILES is held out."),
    ] = None,
    valid_form: Annotated[str | None, typer.Option(help="Their form; default: that of FILES.")] = None,
    fields: Annotated[
        str | None,
        typer.Option(
            help="Columns in the order of the form, such as id,question; of --valid too, if it has the same form."
        ),
    ] = None,
    epochs: Annotated[float, typer.Option(help="Passes over the examples at most.")] = 5,
    batch_size: Annotated[int, typer.Option(help="Examples a step.", min=2)] = 64,
    learning_rate: Annotated[
        float | None, typer.Option(help="Default: 0.005 of gru, 0.001 of gru-5743, by the size of others.")
    ] = None,
    patience: Annotated[int, typer.Option(help="Passes without a better figure before the end.", min=1)] = 2,
    dropout: Annotated[
        float | None, typer.Option(help="Of a network without its own; default: 0.3 on texts, else none.")
    ] = None,
    max_length: Annotated[
        int | None, typer.Option(help="Tokens of a text; default: the model's own.", min=1)
    ] = None,
    min_count: Annotated[
        int, typer.Option(help="Of a new GRU: occurrences below which a character is [UNK].", min=1)
    ] = 5,
    hard_negatives: Annotated[
        int,
        typer.Option(
            help="After groups or pairs, a second training on triples with so many near but wrong texts each.",
            min=0,
        ),
    ] = 0,
    encoding: Encoding = "utf-8",
    threads: Threads = None,
    seed: Annotated[int, typer.Option(help="Of new weights, order, draws and dropout.")] = 0,
    progress: Progress = None,
) -> None:
    """Train an encoder of sentences; the weights of the best pass are kept."""
    from zhnlp.similarity.examples import read_examples

    if out.is_file():
        raise ValueError(f"--out {out} is a file: expected the name of a folder")
    if hard_negatives and form not in ("groups", "pairs"):
        raise ValueError(f"--hard-negatives {hard_negatives} with --form {form}: expected groups or pairs")
    check_place(out, "--out", folder=True)
    if threads:
        import torch

        torch.set_num_threads(threads)
    named = fields.split(",") if fields else []
    examples = read_examples(files, form, named, encoding=encoding)
    chosen = valid_form or form
    held_out = (
        read_examples(valid, chosen, named if chosen == form else [], encoding=encoding) if valid else None
    )
    if held_out is None:
        from zhnlp.similarity.training import split

        examples, held_out = split(examples, seed)
    encoder = _begin(model, examples, pooling, max_length, min_count, seed)
    settings: dict[str, Any] = {"epochs": epochs, "batch_size": batch_size, "patience": patience}
    settings |= {"learning_rate": learning_rate, "dropout": dropout, "seed": seed, "progress": progress}
    encoder.fit(examples, held_out or False, loss=loss, out=out / "training", **settings)
    encoder.save(out)
    said = {"folder": str(out), form: len(examples), **_best(encoder)}
    if hard_negatives:
        said |= _second(encoder, examples, held_out, hard_negatives, out, settings)
    print(json.dumps(said, ensure_ascii=False))


def _second(
    encoder: SentenceEncoder,
    examples: Examples,
    held_out: Examples | None,
    count: int,
    out: Path,
    settings: dict[str, Any],
) -> dict[str, Any]:
    """Learn from mined triples; the folder keeps the first weights where these are not better on what is held out."""
    from zhnlp.similarity.hard_negatives import mine_hard_negatives

    first = _best(encoder)
    triples = mine_hard_negatives(encoder, examples, count=count, seed=settings["seed"])
    encoder.fit(triples, held_out or False, out=out / "hard-negatives", **settings)
    found = _best(encoder)
    metric = next((name for name in METRICS if name in found), None)
    if metric and found[metric] < first[metric]:
        warnings.warn(
            f"hard negatives brought {metric} from {first[metric]:.4f} to {found[metric]:.4f} on what is held out: {out} keeps the "
            "encoder from before them. Next: --hard-negatives 0, a smaller --learning-rate, or more examples",
            stacklevel=2,
        )
        return {"triples": len(triples), **first}
    encoder.save(out)
    return {"triples": len(triples), **found}


def _begin(
    model: str | None,
    examples: Examples,
    pooling: str | None,
    max_length: int | None,
    min_count: int,
    seed: int,
) -> SentenceEncoder:
    from zhnlp.similarity.encoder import SentenceEncoder

    if model not in GRU:
        return SentenceEncoder(model, pooling=pooling, max_length=max_length, seed=seed)
    options: dict[str, Any] = {**GRU[model], "pooling": pooling, "max_length": max_length or 32}
    return SentenceEncoder.gru(examples.texts(), min_count=min_count, seed=seed, **options)


def _best(encoder: SentenceEncoder) -> dict[str, float]:
    """The pass that was kept, and its figures."""
    metric = next((name for name in METRICS if name in (encoder.history_ or [{}])[0]), None)
    if metric is None:
        return {}
    best = max(encoder.history_, key=lambda one: one[metric])
    return {name: round(best[name], 4) for name in ("epoch", metric, "mrr", "pearson") if name in best}
