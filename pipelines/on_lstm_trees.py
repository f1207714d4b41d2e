"""ON-LSTM and LSTM as language models of the same text, and the trees that ON-LSTM makes without having seen one.

    python pipelines/on_lstm_trees.py --seeds 0 1 2             # 5 M characters; some two hours a seed on one core (estimated)
    python pipelines/on_lstm_trees.py --characters 30000 --hidden 64 --epochs 1 --limit 50     # to see that it works
    python pipelines/on_lstm_trees.py --table                   # only the table of what was done

Text: ``pretrain/open.txt.xz`` and ``pretrain/open_general.txt.xz`` of the public sets, whole documents chosen by a hash until they
have ``--characters``; held out are documents that `zhnlp.text.held_out` keeps out of all trainings.  Both networks are
`zhnlp.models.on_lstm_lm` with the same sizes, dropouts and steps; the LSTM is the one with a single level, which is torch's.

perplexity: exp of the nats a character of held-out text costs (white space is no character, the ends of lines and documents are
paid for), a window of ``--length`` tokens sliding by half.

F1: unlabelled, mean over the sentences of UD Chinese-GSDSimp, in per cent.  Words are those of UD without punctuation; the model
reads the characters of the whole sentence, and the distance of a word is that of its first character, in each of the layers; the
layer that is best on dev is the one to look at on test.  Gold are the subtrees of the dependencies whose words stand together.
"post" is the tree of the post and the paper, which leans to the right by itself; "best" is what a binary tree can reach.

A result is a JSON line, written when it is there; a run that finds it passes it over, and goes on with a training that was cut
off from its last epoch.

Source: https://kexue.fm/archives/6621
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

from few_shot_jobs import Results, default_out, mean_sd, table
from on_lstm_jobs import TREES, gold_of, sentences, trained
from title_jobs import count

from zhnlp.metrics import evaluate_trees
from zhnlp.metrics.trees import BASELINES

RECIPE = 1  # part of every key
SYSTEMS = ("on-lstm", "lstm")
DRAWS = 10  # random trees of each sentence


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = made.add_argument
    add("--characters", type=count, default=5_000_000, help="to train on (default: %(default)s)")
    add("--seeds", type=int, nargs="+", default=[0], help="(default: 0)")
    add("--systems", nargs="+", choices=SYSTEMS, default=SYSTEMS, metavar="NAME", help=", ".join(SYSTEMS))
    add("--hidden", type=count, default=256, help="features of all layers (default: %(default)s)")
    add("--levels", type=count, default=16, help="of the master gates (default: %(default)s)")
    add("--layers", type=count, default=3, help="(default: %(default)s)")
    add("--epochs", type=count, default=3, help="times the text is read (default: %(default)s)")
    add("--dropout", type=float, default=0.1, help="and DropConnect (default: %(default)s)")
    add("--rows", type=count, default=32, help="rows a step (default: %(default)s)")
    add("--length", type=count, default=64, help="tokens a row (default: %(default)s)")
    add("--learning-rate", type=float, default=4e-3, help="(default: %(default)s)")
    add("--limit", type=count, help="sentences of each part of UD at most")
    add("--threads", type=count, default=1, help="of torch (default: %(default)s)")
    add("--data", help="folder of the public sets (default: $ZHNLP_DATA, else ../shared/data)")
    add("--work", type=Path, default=Path("workdir/on_lstm_trees"), help="where trainings are kept")
    add(
        "--out",
        type=Path,
        default=default_out("on_lstm_trees"),
        help="lines of results (default: %(default)s)",
    )
    add("--table", action="store_true", help="only print the table of what is there")
    return made


def baseline(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """F1 of trees made by rule; of random ones the mean over several draws."""
    found: dict[str, Any] = {}
    for part in TREES:
        trees = sentences(part, options)
        words = [tree.without_punctuation()[0].words for tree in trees]
        gold = [gold_of(tree) for tree in trees]
        make, draws = BASELINES[name], 1
        if name == "random":
            make, draws = partial(make, seed=random.Random(0)), DRAWS
        scores = [evaluate_trees(gold, map(make, words)) for _ in range(draws)]
        mean = {key: fmean(score[key] for score in scores) for key in ("f1", "corpus_f1")}
        found[part] = {**scores[0], **mean, "draws": draws}
    return {"trees": found}


def run(options: argparse.Namespace, results: Results) -> None:
    """Everything that is asked for and not there yet."""
    for name in BASELINES:
        results.get(baseline_key(name, options), partial(baseline, name, options))
    for seed in options.seeds:
        for system in options.systems:
            key = key_of(system, seed, options)
            results.get(key, partial(trained, system, seed, key, options))


def key_of(system: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """What a training hangs on."""
    names = (
        "characters",
        "hidden",
        "layers",
        "epochs",
        "dropout",
        "rows",
        "length",
        "learning_rate",
        "limit",
    )
    levels = {"levels": options.levels if system == "on-lstm" else 1}
    return {"recipe": RECIPE, "system": system, "seed": seed, **levels} | {
        name: getattr(options, name) for name in names
    }


def baseline_key(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """What the trees by rule hang on."""
    return {"recipe": RECIPE, "system": name, "limit": options.limit}


def tables(options: argparse.Namespace, results: Results) -> str:
    """What is there, as two tables: perplexities, and trees."""
    lines = {
        system: [
            line
            for seed in options.seeds
            if (line := results.find(key_of(system, seed, options))) is not None
        ]
        for system in SYSTEMS
    }
    means = {name: fmean(line["perplexity"] for line in found) for name, found in lines.items() if found}
    worst = means.get("lstm")
    first = table(
        ["system", "perplexity per character", "÷ LSTM", "seeds"],
        [
            [name, f"{mean:.2f}", "–" if worst is None else f"{mean / worst:.3f}", str(len(lines[name]))]
            for name, mean in means.items()
        ],
    )
    rows: list[list[str]] = []
    if found := lines["on-lstm"]:
        for method in ("unbiased", "post"):
            made = [
                [[line["trees"][f"{part} {method} {layer}"]["f1"] for line in found] for part in TREES]
                for layer in range(options.layers)
            ]
            best_layer = max(
                range(options.layers), key=lambda layer: fmean(made[layer][list(TREES).index("dev")])
            )
            for layer, values in enumerate(made):
                chosen = " (best on dev)" if layer == best_layer else ""
                rows.append([f"ON-LSTM, {method}, layer {layer + 1}{chosen}", *map(cell, values)])
    best: list[str] = []
    for name in BASELINES:
        if line := results.find(baseline_key(name, options)):
            rows.append([name, *(cell([line["trees"][part]["f1"]]) for part in TREES)])
            best = ["best of a binary tree", *(cell([line["trees"][part]["best_f1"]]) for part in TREES)]
    second = table(["trees", *(f"F1 {part}" for part in TREES)], [*rows, *([best] if best else [])])
    return f"{first}\n\n{second}"


def cell(values: Sequence[float]) -> str:
    """Mean ± standard deviation in per cent.

    Example:
        >>> cell([0.25, 0.75]), cell([0.5])
        ('50.0 ± 35.4', '50.0')
    """
    mean, deviation = mean_sd(values)
    return f"{mean:.1f}" if deviation is None else f"{mean:.1f} ± {deviation:.1f}"


def main() -> None:
    options = parser().parse_args()
    results = Results(options.out)
    if not options.table:
        run(options, results)
    text = tables(options, results)
    print(text)
    if results.lines:
        results.write_table(text)


if __name__ == "__main__":
    main()
