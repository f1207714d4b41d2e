"""Train a sentence encoder without labels on openly licensed text; what ships (`character_vectors.py`) was better.

    python pipelines/train_sentence.py --out workdir/sentence                # an hour of two cores; run again to continue
    python pipelines/train_sentence.py --out workdir/try --limit 400 --epochs 1                 # to try
    python pipelines/train_sentence.py --out workdir/other --layers 2 --stages whiten pairs     # another way

The stages, in order: "whiten" makes the shipped masked model's mean states comparable (mean 0, the same variance in every
direction, on open sentences), as a dense layer that learns on; "lexical" teaches the order of cosines that sentences have by
the characters they share, rare ones first; "pairs" brings together neighbouring sentences, titles and a
sentence of their text, and questions of CMRC with the sentence of the answer; "texts" brings together two readings of a sentence
that dropout makes differ (SimCSE).  Spearman's correlation on STS-B dev chooses the pass of a stage, and whether a stage is kept
at all; no other label is looked at, and no text of a test or development set is learnt from.  What is written at the end, int8
weights with a card, is scored on the tests once.

Source: https://kexue.fm/archives/8069 (whitening), https://kexue.fm/archives/8348 (SimCSE)
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import warnings
from pathlib import Path
from typing import Any

from few_shot_jobs import sample
from lexical_pairs import graded_pairs
from paraphrase_groups import rows_of
from sentence_sets import Pairs, kept_out, open_sentences, question_pairs, title_pairs
from title_jobs import count
from train_title import seconds_of

from zhnlp.checkpoints.card import write_card
from zhnlp.checkpoints.locate import locate
from zhnlp.metrics import evaluate_similarity
from zhnlp.models.loading import load_model
from zhnlp.similarity import Examples, SentenceEncoder
from zhnlp.text.files import write_whole
from zhnlp.tokenizers import load as load_tokenizer
from zhnlp.training.pretraining.hardware import hardware

NAME = "zhnlp-sentence-small"
STAGES = ("whiten", "lexical", "pairs", "texts")
DEV = "similarity/stsb/dev.jsonl.xz"
SCORED = {
    "stsb_dev": DEV,
    "stsb_test": "similarity/stsb/test.jsonl.xz",
    "pawsx_test": "similarity/pawsx/test.jsonl.xz",
    "afqmc_dev": "similarity/afqmc/dev.jsonl.xz",
}
WHITENED_ON = 10_000  # sentences
DATA = (
    "Without labels: {texts:,} sentences, {neighbours:,} pairs of neighbouring sentences and {titles:,} titles with a sentence of their "
    "text, of openly licensed Chinese (statutes, Apache-2.0, MIT, CC BY, CC BY-SA, CC0, public domain), {questions:,} questions of "
    "CMRC 2018 with the sentence of their answer (CC BY-SA 4.0); begun from zhnlp-mlm-small. Texts of test and development sets were left out."
)
LIMITS = (
    "Small: it knows characters and which of them stand together, not facts or logic. Sentences that differ in the order of words, "
    "in names or in a negation are all but the same to it (PAWS-X). Simplified characters, 64 tokens. For questions of your own, "
    "train it further: zhnlp train similarity."
)


def sets_of(options: argparse.Namespace) -> dict[str, list]:
    """What is learnt from, gathered once."""
    file = options.out / "sets.json"
    if file.is_file():
        return json.loads(file.read_text("utf-8"))
    out = kept_out(options.data)
    texts, neighbours = open_sentences(options.data, options.limit or options.texts, out, options.seed)
    pairs = {"titles": title_pairs(options.data, out), "questions": question_pairs(options.data, out)}
    pairs = {
        name: [rows[n] for n in sample(rows, options.limit, options.seed)] for name, rows in pairs.items()
    }
    found = {"texts": texts, "neighbours": neighbours, **pairs}
    options.out.mkdir(parents=True, exist_ok=True)
    write_whole(file, json.dumps(found, ensure_ascii=False))
    return found


def labelled(name: str, data: str | None) -> Examples:
    """Pairs with grades."""
    rows = rows_of(SCORED[name], data)
    return Examples.of("pairs", [(row["sentence1"], row["sentence2"], row["label"]) for row in rows])


def spearman(encoder: SentenceEncoder, pairs: Examples) -> float:
    """Of the cosines with the grades."""
    first, second = (encoder.encode(column, normalize=True) for column in pairs.columns)
    return evaluate_similarity((first * second).sum(1), pairs.labels)["spearman"]


def begun(options: argparse.Namespace) -> SentenceEncoder:
    """The masked model's lower layers with a pooling, untrained."""
    folder = locate(options.model)
    network = load_model(folder, "encoder", device="cpu", num_hidden_layers=options.layers)
    tokenizer = load_tokenizer(folder)
    return SentenceEncoder(
        network, tokenizer=tokenizer, pooling=options.pooling, max_length=options.max_length
    )


def stage(
    name: str, encoder: SentenceEncoder, sets: dict[str, list], dev: Examples, options: argparse.Namespace
) -> None:
    """Do one stage with the encoder; a training that was killed goes on."""
    if name == "whiten":
        chosen = random.Random(options.seed).sample(sets["texts"], min(WHITENED_ON, len(sets["texts"])))
        encoder.whiten(chosen, k=min(options.components, encoder.size - 1, len(chosen) // 2))
        return
    settings: dict[str, Any] = {"epochs": options.epochs, "batch_size": options.batch_size, "patience": None}
    settings |= {
        "seed": options.seed,
        "out": options.out / f"training-{name}",
        "options": {"scale": options.scale},
    }
    pairs: Pairs = [tuple(pair) for kind in options.kinds for pair in sets[kind]]
    if name == "lexical":
        graded = graded_pairs(sets["texts"], pairs, options.graded, options.seed)
        settings |= {"learning_rate": options.lexical_rate}
        encoder.fit(graded, dev, loss="cosent", **settings)
    elif name == "pairs":
        random.Random(options.seed).shuffle(pairs)
        settings |= {"dropout": options.pair_dropout, "learning_rate": options.pair_rate}
        encoder.fit(Examples.of("pairs", pairs), dev, loss="contrast", **settings)
    else:
        settings |= {"dropout": options.dropout, "learning_rate": options.rate}
        encoder.fit(Examples.of("texts", sets["texts"]), dev, loss="simcse", **settings)


def train(options: argparse.Namespace, sets: dict[str, list], dev: Examples) -> tuple[SentenceEncoder, dict]:
    """The encoder after the stages that helped on ``dev``, and what each brought."""
    kept = begun(options)
    trail = {"begin": spearman(kept, dev)}
    for number, name in enumerate(options.stages):
        folder = options.out / f"{number + 1}-{name}"
        before = options.out / f"{number}-kept"
        if not (folder / "modules.json").is_file():
            kept.save(before)
            made = SentenceEncoder(before)
            stage(name, made, sets, dev, options)
            made.save(folder)
        made = SentenceEncoder(folder)
        trail[name] = spearman(made, dev)
        print(json.dumps({"stage": name, "spearman_stsb_dev": round(trail[name], 4)}), file=sys.stderr)
        if trail[name] > spearman(kept, dev):
            kept = made
        else:
            warnings.warn(f"{name} did not help on STS-B dev and is left out", stacklevel=1)
    return kept, trail


def card(folder: Path, encoder: SentenceEncoder, facts: dict[str, Any], scores: dict, trail: dict) -> None:
    """README.md of the folder."""
    rounded = {f"spearman_{name}": round(value, 4) for name, value in scores.items()}
    fields = {
        "language": "zh",
        "library_name": "zhnlp",
        "task": "sentence-similarity",
        "licence": "Apache-2.0",
        "data": DATA.format(**facts),
        **{name: facts[name] for name in ("tokens", "seconds", "hardware", "seed", "stages")},
        "scores": rounded,
        "limits": LIMITS,
    }
    rows = "\n".join(f"| {name} | {value:.4f} |" for name, value in rounded.items())
    steps = "\n".join(f"| {name} | {value:.4f} |" for name, value in trail.items())
    write_card(
        folder,
        fields,
        f"# {folder.name}\n\nRoFormer, {encoder.network.transformer.config.num_hidden_layers} layers, {encoder.pooling} pooling, vectors of "
        f"{encoder.size} numbers, trained without labels by pipelines/train_sentence.py.\n\n"
        f'```python\nfrom zhnlp import pipeline\n\npipeline("sentence-similarity", model="{folder.name}")(("天气很好", "今天天气不错"))["score"]\n```\n\n'
        f"| Spearman | |\n|---|---|\n{rows}\n\nSTS-B dev chose the passes; the tests were scored once.\n\n"
        f"| after stage | STS-B dev |\n|---|---|\n{steps}\n\n**Data.** {fields['data']}\n\n**Limits.** {LIMITS}",
    )


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = made.add_argument
    kinds = ("neighbours", "titles", "questions")
    add("--out", type=Path, required=True, help="folder of stages and of the model; run again to continue")
    add("--model", default="zhnlp-mlm-small", help="masked model to begin from (default: %(default)s)")
    add("--layers", type=count, default=4, help="of it, from below (default: %(default)s)")
    add(
        "--pooling",
        default="mean",
        choices=("mean", "first-last", "attention", "max", "cls"),
        help="(default: %(default)s)",
    )
    add("--stages", nargs="+", choices=STAGES, default=list(STAGES), metavar="STAGE", help=", ".join(STAGES))
    add(
        "--kinds",
        nargs="+",
        choices=kinds,
        default=list(kinds),
        metavar="KIND",
        help="pairs: " + ", ".join(kinds),
    )
    add(
        "--texts",
        type=count,
        default=60_000,
        help="sentences, and pairs of neighbours (default: %(default)s)",
    )
    add("--components", type=count, default=256, help="directions of the whitening at most")
    add("--epochs", type=float, default=3, help="passes of a training (default: %(default)s)")
    add("--batch-size", type=count, default=64, help="(default: %(default)s)")
    add("--scale", type=float, default=20.0, help="of cosines, inverse temperature (default: %(default)s)")
    add(
        "--graded",
        type=count,
        default=20_000,
        help="lexical pairs of each kind at most (default: %(default)s)",
    )
    add("--lexical-rate", type=float, default=4e-4, help="learning rate of them (default: %(default)s)")
    add("--pair-rate", type=float, default=2e-4, help="learning rate of pairs (default: %(default)s)")
    add("--pair-dropout", type=float, default=0.1, help="(default: %(default)s)")
    add("--rate", type=float, default=1e-4, help="learning rate of texts (default: %(default)s)")
    add("--dropout", type=float, default=0.1, help="of texts (default: %(default)s)")
    add("--max-length", type=count, default=64, help="tokens of a text (default: %(default)s)")
    add("--limit", type=count, help="sentences, and pairs of each kind, at most")
    add("--data", help="folder of the public sets (default: $ZHNLP_DATA, else ../shared/data)")
    add("--seed", type=int, default=0)
    return made


def main() -> None:
    """Train, write the folder that ships, score it."""
    options = parser().parse_args()
    sets = sets_of(options)
    made, trail = train(options, sets, labelled("stsb_dev", options.data))
    folder = made.save(options.out / NAME, int8=True)
    shipped = SentenceEncoder(folder)
    scores = {name: spearman(shipped, labelled(name, options.data)) for name in SCORED}
    learnt = [text for kind in options.kinds for pair in sets[kind] for text in pair] + 2 * sets["texts"]
    facts = {
        **{name: len(sets[name]) for name in ("texts", "neighbours", "titles", "questions")},
        "tokens": round(options.epochs * sum(min(len(text) + 2, options.max_length) for text in learnt)),
        "seconds": seconds_of(options.out),
        "hardware": hardware("cpu"),
        "seed": options.seed,
        "stages": list(options.stages),
    }
    card(folder, shipped, facts, scores, trail)
    print(json.dumps({"trail": trail, "scores": scores}))
    print(folder)


if __name__ == "__main__":
    main()
