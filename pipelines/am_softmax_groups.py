"""Post 5743 re-done: a GRU learns groups of questions by softmax with and without margin, and finds groups it never saw.

    python pipelines/am_softmax_groups.py                                          # all rows, six trainings of some minutes each
    python pipelines/am_softmax_groups.py --rows 5743-softmax 5743-am-softmax      # as the post has it
    python pipelines/am_softmax_groups.py --limit 300 --epochs 2 --seeds 0         # to try

Groups are joined from the positive pairs of AFQMC's and SimCLUE's train sets: some 16,000 of two texts each to learn from.  A
fifth of them is the test: every sentence is a query against all others of the test.  A twentieth chooses the pass that is
kept; settings were chosen on 4,000 groups of those to learn from.  The split is the same for all rows and seeds.

The rows "5743-…" are the post's: the state of a GRU after the last character, against one learnt vector a group.  Where a group has
two texts its vector remembers both, and nothing of it is left for other groups; the post had 90,000 groups.  In the rows
"softmax" and "am-softmax" the classes are the groups of a batch and their vectors those of their other text, which nothing can
remember, and the GRU corrects a bag of characters (``SentenceEncoder.gru(state_size=…)``): it and the weights of the characters
are learnt, their vectors are drawn.

Every result is a line of --out at once, and what is there is not made again; a killed training goes on where it was.
Public sets: similarity/afqmc, similarity/simclue (ZHNLP_DATA, else ../shared/data), research use only.

Source: https://kexue.fm/archives/5743
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

from few_shot_jobs import Results, default_out, table
from paraphrase_groups import BASELINES, evaluate_sparse, joined, split
from title_jobs import cell, count
from tqdm import tqdm

from zhnlp.metrics import evaluate_retrieval
from zhnlp.similarity import Examples, SentenceEncoder

RECIPE = 2  # part of every key
MATRIX = ("softmax", "am-softmax", "simpler-a-softmax", "arcface")  # against one learnt vector a group
LEARNT = ("softmax", "am-softmax", *(f"5743-{loss}" for loss in MATRIX))
ROWS = (*BASELINES, *LEARNT)
FIGURES = ("hit@1", "hit@5", "hit@10", "mrr")
POST = {"batch_size": 100, "learning_rate": 2e-3}  # of the rows "5743-…"


def settings_of(row: str, options: argparse.Namespace) -> dict[str, Any]:
    """What a training is made of, its seed aside: ``encoder`` for the network, the rest for `SentenceEncoder.fit`."""
    if row.startswith("5743-"):
        encoder = {"embedding_size": 128, "hidden_size": 128}
        return {
            "encoder": encoder,
            "loss": row.removeprefix("5743-"),
            "options": {"scale": 30.0},
            "epochs": options.post_epochs,
            **POST,
        }
    margin = options.margin if row == "am-softmax" else 0.0
    return {
        "encoder": {
            "max_length": 64,
            "embedding_size": options.size,
            "hidden_size": options.size,
            "state_size": options.states,
            "dropout": options.dropout,
        },
        "loss": "contrast",
        "options": {"scale": options.scale, "margin": margin, "symmetric": True},
        "epochs": options.epochs,
        "batch_size": options.batch_size,
        "learning_rate": options.learning_rate,
    }


def train(row: str, seed: int, sets: dict[str, Examples], options: argparse.Namespace) -> SentenceEncoder:
    """The encoder of a row; it goes on where a killed training was."""
    settings = settings_of(row, options)
    folder = options.work / f"{row}-{digest_of(settings, len(sets['train']))}-{seed}"
    made = SentenceEncoder.gru(sets["train"].texts(), min_count=2, seed=seed, **settings.pop("encoder"))
    return made.fit(sets["train"], sets["choose"], out=folder, seed=seed, patience=None, **settings)


def digest_of(settings: dict[str, Any], texts: int) -> str:
    """Twelve digits that change with the settings of a training."""
    return hashlib.sha256(json.dumps([settings, texts], sort_keys=True).encode()).hexdigest()[:12]


def run(row: str, seed: int, sets: dict[str, Examples], options: argparse.Namespace) -> dict:
    """Train, and search the test in itself."""
    test = sets["test"]
    if row in BASELINES:
        return evaluate_sparse(*BASELINES[row](test.columns[0]), test.labels)
    made = train(row, seed, sets, options)
    found = evaluate_retrieval(made.encode(test.columns[0]), test.labels)
    best = max(made.history_, key=lambda line: line["hit_1"])
    return {
        **found,
        "chosen_epoch": best["epoch"],
        "chosen_hit@1": best["hit_1"],
        "passes": len(made.history_),
    }


def jobs_of(options: argparse.Namespace) -> list[tuple[str, int]]:
    """Row and seed of everything that is asked for; without learning there is one."""
    return [(row, seed) for row in options.rows for seed in (options.seeds if row in LEARNT else [0])]


def key_of(row: str, seed: int, sets: dict[str, Examples], options: argparse.Namespace) -> dict:
    """What identifies a result."""
    key: dict[str, Any] = {"recipe": RECIPE, "row": row, "test": len(sets["test"])}
    if row in LEARNT:
        key |= {"seed": seed, "train": len(sets["train"]), **settings_of(row, options)}
    return key


def report(results: Results, sets: dict[str, Examples], options: argparse.Namespace) -> str:
    """The table."""
    body = []
    for row in options.rows:
        lines = [
            line
            for name, seed in jobs_of(options)
            if name == row and (line := results.find(key_of(row, seed, sets, options)))
        ]
        if lines:
            seconds = sum(line["seconds"] for line in lines) / len(lines)
            cells = [cell([line[name] for line in lines]) for name in FIGURES]
            body.append([row, *cells, str(len(lines)), f"{seconds:.0f}"])
    sizes = {name: f"{len(part):,} texts in {len(set(part.labels)):,} groups" for name, part in sets.items()}
    said = (
        f"Groups joined from AFQMC train and SimCLUE, in per cent: {sizes['train']} trained on, {sizes['choose']} to choose the pass, "
        f"{sizes['test']} as test, every text a query. softmax and am-softmax: vectors of {options.size}, a GRU of {options.states} states each way, "
        f"{options.epochs:g} passes at most, scale {options.scale:g}, margin {options.margin:g}; 5743-…: the post's GRU of 128 and one vector a group, "
        f"{options.post_epochs:g} passes at most. Mean ± standard deviation over seeds."
    )
    head = ["unseen groups", "hit@1", "hit@5", "hit@10", "MRR", "runs", "seconds a run"]
    return f"{table(head, body)}\n\n{said}"


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = made.add_argument
    rows = [*BASELINES, "softmax", "am-softmax"]
    add("--rows", nargs="+", choices=ROWS, default=rows, metavar="ROW", help=", ".join(ROWS))
    add("--seeds", nargs="+", type=int, default=[0, 1, 2])
    add("--epochs", type=float, default=3, help="passes (default: %(default)s)")
    add("--post-epochs", type=float, default=12, help="passes of the rows 5743-… (default: %(default)s)")
    add("--batch-size", type=count, default=256, help="(default: %(default)s)")
    add("--learning-rate", type=float, default=5e-3, help="the highest (default: %(default)s)")
    add("--scale", type=float, default=20.0, help="of the cosines (default: %(default)s)")
    add("--margin", type=float, default=0.3, help="of am-softmax (default: %(default)s)")
    add("--dropout", type=float, default=0.1, help="of the features of a character (default: %(default)s)")
    add("--size", type=count, default=1024, help="of embedding and vector (default: %(default)s)")
    add("--states", type=count, default=64, help="of the GRU, each way (default: %(default)s)")
    add("--limit", type=count, help="groups at most")
    add("--data", help="folder of the public sets (default: $ZHNLP_DATA, else ../shared/data)")
    add("--work", type=Path, default=Path("workdir/am_softmax_groups"), help="where trainings are kept")
    add(
        "--out",
        type=Path,
        default=default_out("am_softmax_groups"),
        help="lines of results (default: %(default)s)",
    )
    add("--table", action="store_true", help="only print the table of what is there")
    return made


def main() -> None:
    """Run what is missing, print the table."""
    options = parser().parse_args()
    sets = split(joined(options.data), limit=options.limit)
    results = Results(options.out)
    for job in tqdm([] if options.table else jobs_of(options), file=sys.stderr, unit="result"):
        line = results.get(key_of(*job, sets, options), partial(run, *job, sets, options))
        tqdm.write(json.dumps({"job": job, "hit@1": round(line["hit@1"], 4)}), file=sys.stderr)
    text = report(results, sets, options)
    print(text)
    print(f"{results.path} and {results.write_table(text)}", file=sys.stderr)


if __name__ == "__main__":
    main()
