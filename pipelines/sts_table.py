"""Sentence similarity on the public Chinese sets: counts of characters, any checkpoint, whitened or fitted on STS-B.

    python pipelines/sts_table.py                                                  # minutes: without labels
    python pipelines/sts_table.py --models BAAI/bge-small-zh-v1.5 my-encoder --whiten
    python pipelines/sts_table.py --rows --fit cosent sbert angle --seeds 0 1 2    # the same start, three losses
    python pipelines/sts_table.py --limit 100 --fit cosent --seeds 0 --epochs 1    # to try

Spearman's correlation with the labels, ×100: STS-B dev and test, PAWS-X test, AFQMC dev (its test has no labels).  Of sets with
two labels also the accuracy, with the threshold that is best on PAWS-X dev, or on 4,000 pairs of AFQMC train.  Nothing is learnt
of a test: n-grams and whitening see the sentences of STS-B train without labels, word vectors open text, and what is fitted
keeps its best pass on STS-B dev.  Every result is a line of --out at once, and what is there is not made again.
Public sets: similarity/, pretrain/ (ZHNLP_DATA, else ../shared/data), research use only.

Source: https://kexue.fm/archives/8321 (metric), https://kexue.fm/archives/8847 (CoSENT), https://kexue.fm/archives/8860 (accuracy)
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import sts_baselines
from few_shot_jobs import Results, default_out, sample, table
from paraphrase_groups import rows_of
from sentence_sets import kept_out, open_sentences, plain
from title_jobs import cell, count
from tqdm import tqdm

from zhnlp.checkpoints.hub import SENTENCE_PATTERNS
from zhnlp.checkpoints.locate import locate
from zhnlp.metrics import evaluate_matching, evaluate_similarity
from zhnlp.similarity import Examples, load_encoder
from zhnlp.similarity.loading import DEFAULT

RECIPE = 1  # part of every key
BASELINES = ("characters", "words", "tf-idf", "n-grams", "n-grams, whitened")
LOSSES = ("cosent", "sbert", "angle")
TEXTS = 60_000  # sentences of open text for the word vectors
FILES = {
    "stsb dev": "similarity/stsb/dev.jsonl.xz",
    "stsb test": "similarity/stsb/test.jsonl.xz",
    "pawsx test": "similarity/pawsx/test.jsonl.xz",
    "afqmc dev": "similarity/afqmc/dev.jsonl.xz",
}
THRESHOLDS = {
    "pawsx test": ("similarity/pawsx/dev.jsonl.xz", None),
    "afqmc dev": ("similarity/afqmc/train.jsonl.xz", 4000),
}  # pairs to choose a threshold by


def pairs_of(name: str, options: argparse.Namespace, most: int | None = None) -> Examples:
    """Labelled pairs of a file, ``--limit`` at most."""
    rows = [(row["sentence1"], row["sentence2"], row["label"]) for row in rows_of(name, options.data)]
    rows = [rows[number] for number in sample(rows, options.limit or most, 0)]
    return Examples.of("pairs", rows)


def training_pairs(options: argparse.Namespace) -> Examples:
    """STS-B train without pairs that have a text of any of the tests."""
    tests = {plain(text) for name in FILES.values() for text in pairs_of_all(name, options)}
    rows = [
        (row["sentence1"], row["sentence2"], row["label"])
        for row in rows_of("similarity/stsb/train.jsonl.xz", options.data)
        if plain(row["sentence1"]) not in tests and plain(row["sentence2"]) not in tests
    ]
    return Examples.of("pairs", [rows[number] for number in sample(rows, options.limit, 0)])


def pairs_of_all(name: str, options: argparse.Namespace) -> list[str]:
    """All texts of a file, whatever --limit."""
    return [row[side] for row in rows_of(name, options.data) for side in ("sentence1", "sentence2")]


def figures(scorer: sts_baselines.Scorer, options: argparse.Namespace) -> dict[str, float]:
    """Spearman of every set, and accuracy where labels are two."""
    found: dict[str, float] = {}
    for name, file in FILES.items():
        pairs = pairs_of(file, options)
        scores = scorer(*pairs.columns)
        found[name] = evaluate_similarity(scores, pairs.labels)["spearman"]
        if name in THRESHOLDS:
            file, most = THRESHOLDS[name]
            dev = pairs_of(file, options, most)
            line = evaluate_matching(
                scores, pairs.labels, dev_scores=scorer(*dev.columns), dev_same=dev.labels
            )
            found |= {f"{name}, accuracy": line["accuracy"], f"{name}, majority": line["majority"]}
    return found


def baseline(row: str, options: argparse.Namespace) -> sts_baselines.Scorer:
    """The scorer of a row without an encoder."""
    if row == "words":
        texts, _ = open_sentences(options.data, options.texts, kept_out(options.data))
        return sts_baselines.mean_words(texts)
    texts = training_pairs(options).texts()
    made = {
        "characters": sts_baselines.characters,
        "tf-idf": sts_baselines.tf_idf,
        "n-grams": sts_baselines.n_grams,
        "n-grams, whitened": partial(sts_baselines.n_grams, whiten=True),
    }
    return made[row](texts)


def encoder_of(model: str, options: argparse.Namespace) -> Any:
    """The encoder of a name, with the options that it has none for itself."""
    if not is_network(model):
        return load_encoder(model)
    own = (locate(model, patterns=SENTENCE_PATTERNS) / "modules.json").is_file()
    return load_encoder(model, pooling=None if own else options.pooling, max_length=options.max_length)


def is_network(model: str) -> bool:
    """Whether it can be whitened and trained; a bag of characters can not."""
    return (locate(model, patterns=SENTENCE_PATTERNS) / "config.json").is_file()


def run(row: str, model: str, way: str, seed: int, options: argparse.Namespace) -> dict:
    """Learn what is to be learnt, and score."""
    if not model:
        return figures(baseline(row, options), options)
    made, more = encoder_of(model, options), {}
    if way == "whitened":
        made.whiten(training_pairs(options).texts(), k=min(options.components, made.size - 1))
    elif way:
        settings = {
            "epochs": options.epochs,
            "batch_size": options.batch_size,
            "patience": None,
            "seed": seed,
        }
        settings |= {"learning_rate": options.learning_rate, "loss": way}
        name = "-".join(
            map(
                str,
                (
                    weights(model),
                    way,
                    options.limit,
                    options.epochs,
                    options.batch_size,
                    options.learning_rate,
                    seed,
                ),
            )
        )
        made.fit(
            training_pairs(options), pairs_of(FILES["stsb dev"], options), out=options.work / name, **settings
        )
        best = max(made.history_, key=lambda line: line["spearman"])
        more = {"chosen_epoch": best["epoch"], "chosen_spearman": best["spearman"]}
    return {**figures(sts_baselines.of_encoder(made), options), **more}


def jobs_of(options: argparse.Namespace) -> list[tuple[str, str, str, int]]:
    """Row, model, way (how it is learnt further) and seed of everything that is asked for."""
    found = [(row, "", "", 0) for row in options.rows]
    for model in options.models:
        name = Path(model).name
        found.append((name, model, "", 0))
        if not is_network(model):
            continue
        if options.whiten:
            found.append((f"{name}, whitened", model, "whitened", 0))
        found += [(f"{name} + {loss}", model, loss, seed) for loss in options.fit for seed in options.seeds]
    return found


def weights(model: str) -> str:
    """Twelve digits that change with the weights of a checkpoint, those of its parts too."""
    made = hashlib.sha256()
    for path in sorted(locate(model, patterns=SENTENCE_PATTERNS).rglob("*.safetensors")):
        made.update(path.read_bytes())
    return made.hexdigest()[:12]


def key_of(row: str, model: str, way: str, seed: int, options: argparse.Namespace) -> dict:
    """What identifies a result."""
    key: dict[str, Any] = {"recipe": RECIPE, "row": row, "limit": options.limit}
    if row == "words":
        key["texts"] = options.texts
    if model:
        key |= {
            "weights": weights(model),
            "way": way,
            "pooling": options.pooling,
            "max_length": options.max_length,
        }
    if way == "whitened":
        key["components"] = options.components
    elif way:
        key |= {"seed": seed, "epochs": options.epochs, "batch_size": options.batch_size}
        key["learning_rate"] = options.learning_rate
    return key


def report(results: Results, options: argparse.Namespace) -> str:
    """The table."""
    rows: dict[str, list[dict]] = {}
    for job in jobs_of(options):
        if line := results.find(key_of(*job, options)):
            rows.setdefault(job[0], []).append(line)
    columns = [
        name for file in FILES for name in (file, f"{file}, accuracy") if file in THRESHOLDS or name == file
    ]
    head = ["Spearman × 100", *columns, "runs"]
    body = [
        [row, *(cell([line[name] for line in lines]) for name in columns), str(len(lines))]
        for row, lines in rows.items()
    ]
    said = (
        f"Pairs at most: {options.limit or 'all'}. Whitening ({options.components} directions at most) and n-grams saw the sentences of STS-B train "
        f"without labels; word vectors {options.texts:,} sentences of open text. Rows with + were trained on STS-B train for {options.epochs:g} "
        "passes, the best on its dev kept; mean ± standard deviation over seeds. Accuracy in per cent, with a threshold of PAWS-X dev or "
        "AFQMC train."
    )
    return f"{table(head, body)}\n\n{said}"


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = made.add_argument
    known = ["zhnlp-mlm-small", DEFAULT]
    add(
        "--rows",
        nargs="*",
        choices=BASELINES,
        default=list(BASELINES),
        metavar="ROW",
        help=", ".join(BASELINES),
    )
    add(
        "--models",
        nargs="*",
        default=known,
        help="shipped names, folders or Hub ids (default: those that ship)",
    )
    add("--whiten", action=argparse.BooleanOptionalAction, default=True, help="each model whitened, too")
    add(
        "--fit",
        nargs="*",
        choices=LOSSES,
        default=[],
        metavar="LOSS",
        help=", ".join(LOSSES) + ": each model trained, too",
    )
    add("--seeds", nargs="+", type=int, default=[0, 1, 2], help="of --fit")
    add("--epochs", type=float, default=5, help="of --fit (default: %(default)s)")
    add("--batch-size", type=count, default=32, help="of --fit (default: %(default)s)")
    add("--learning-rate", type=float, help="of --fit; default: by the size of the model")
    add("--pooling", default="mean", help="of models that name none (default: %(default)s)")
    add(
        "--components",
        type=count,
        default=256,
        help="directions of a whitening at most (default: %(default)s)",
    )
    add("--max-length", type=count, default=128, help="tokens of a text (default: %(default)s)")
    add("--texts", type=count, default=TEXTS, help="sentences for word vectors (default: %(default)s)")
    add("--limit", type=count, help="pairs of each set at most")
    add("--data", help="folder of the public sets (default: $ZHNLP_DATA, else ../shared/data)")
    add("--work", type=Path, default=Path("workdir/sts_table"), help="where trainings are kept")
    add("--out", type=Path, default=default_out("sts_table"), help="lines of results (default: %(default)s)")
    add("--table", action="store_true", help="only print the table of what is there")
    return made


def main() -> None:
    """Run what is missing, print the table."""
    options = parser().parse_args()
    results = Results(options.out)
    for job in tqdm([] if options.table else jobs_of(options), file=sys.stderr, unit="result"):
        line = results.get(key_of(*job, options), partial(run, *job, options))
        tqdm.write(json.dumps({"job": job, "stsb test": round(line["stsb test"], 4)}), file=sys.stderr)
    text = report(results, options)
    print(text)
    print(f"{results.path} and {results.write_table(text)}", file=sys.stderr)


if __name__ == "__main__":
    main()
