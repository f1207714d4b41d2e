"""Readers of CMRC2018: DGCNN from scratch and the shipped masked model under the same head, trained on train, scored on dev.

    python pipelines/train_reader.py --rows 6906 dgcnn --seeds 0
    python pipelines/train_reader.py --rows dgcnn no-ema no-words --seeds 0 1  # what average and word vectors are worth
    python pipelines/train_reader.py --rows encoder retrieved
    python pipelines/train_reader.py --rows dgcnn --limit 200 --epochs 1 --characters 200000   # to try

Words and their vectors are learnt first, from open text and the passages of train.  A tenth of train, 500 questions at most and
whole documents, chooses the pass that is kept; dev is only scored.  Every result is a line of --out at once, and what is there
is not made again; a killed training goes on where it was (its CPU minutes in the table are those of the last run).

Measured on 300 questions on a core with AMX (bf16), row 6906: .26 to .34 CPU seconds a step of 32 rows of 256 characters, so
about 100 a pass over 10,000 questions with the scoring of 500; reading them once takes 15, with hand features 65.

Public sets: reading/cmrc2018, pretrain (ZHNLP_DATA, else ../shared/data).

Source: https://kexue.fm/archives/5409, https://kexue.fm/archives/6906
"""

from __future__ import annotations

import argparse
import json
import lzma
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from few_shot_jobs import Results, default_out, digest, sample, table
from title_jobs import cell, count
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "corpora"))

from public_data import data_folder, stop

from zhnlp.mining.progress import Progress
from zhnlp.reading import Example, PassageReader, WordKnowledge, learn_words, read_examples
from zhnlp.reading.cloze import cloze_questions

RECIPE = 1  # part of every key
OPEN = ("pretrain/open_general.txt.xz", "pretrain/open.txt.xz")
DGCNN: dict[str, Any] = {"engine": "dgcnn", "form": "6906", "hand_features": True, "span_kind": "softmax"}
LEARNT: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {  # of PassageReader, of fit
    "6906": ({"engine": "dgcnn", "form": "6906"}, {}),  # the post's: sigmoid spans, no hand features
    "dgcnn": (DGCNN, {}),
    "retrieved": (DGCNN, {"wrong": 3}),  # with near but wrong passages: for many passages
    "coverage": ({**DGCNN, "coverage": True}, {"wrong": 3}),  # told what a passage has of the question, too
    "cloze": (
        {**DGCNN, "coverage": True},
        {"wrong": 3, "alone": 0.5, "cloze": 20_000},
    ),  # after questions made of open text; half of the questions have their own passage alone
    "no-ema": (DGCNN, {"ema": None}),
    "no-words": ({**DGCNN, "words": None}, {}),
    "no-features": ({**DGCNN, "hand_features": False}, {}),
    "sigmoid": ({**DGCNN, "span_kind": "sigmoid"}, {}),
    "5409": ({"engine": "dgcnn", "form": "5409", "span_kind": "softmax"}, {}),
    "encoder": ({"engine": "encoder"}, {}),
    "encoder-dgcnn": (  # the encoder's states beside the embedding of a DGCNN that has learnt already
        {"engine": "encoder", "dgcnn": "dgcnn"},
        {"ema": 0.999, "learning_rate": 1e-3, "body_rate": 2e-4},
    ),
    "encoder-still": (  # the encoder learns nothing
        {"engine": "encoder", "dgcnn": "dgcnn"},
        {"ema": 0.999, "learning_rate": 1e-3, "body_rate": 0},
    ),
}
TRAINING: dict[str, dict[str, Any]] = {
    "dgcnn": {"batch_size": 32, "learning_rate": 1e-3, "epochs": 30.0, "ema": 0.999},
    "encoder": {"batch_size": 16, "epochs": 4.0, "ema": None},
}
BEGUN = 4.0  # passes of the DGCNN that stands over an encoder
CLOZE_PASSES = 2.0  # over questions made of open text and those of train together
FIGURES = ("em", "f1")


def questions(split: str, data: str | None, most: int | None) -> list[Example]:
    """The questions of "train" or "dev", at most so many, drawn with seed 0."""
    path = data_folder(data) / "reading" / "cmrc2018" / f"{split}.jsonl.xz"
    if not path.is_file():
        stop(f"no file {path}. Pass --data FOLDER, or set ZHNLP_DATA.")
    found = read_examples(path)
    return [found[number] for number in sample(found, most, 0)]


def words(train: list[Example], options: argparse.Namespace) -> WordKnowledge:
    """Words and vectors, learnt once."""
    path = options.work / f"words-{options.characters}-{len(train)}.safetensors"
    if not path.is_file():
        passages = list(dict.fromkeys(text for one in train for text in one.passages))
        texts = passages + list(open_text(options.data, options.characters))
        learn_words(texts, seed=0, progress=Progress(True)).save(path)
    return WordKnowledge.load(path)


def open_text(data: str | None, characters: int) -> Iterator[str]:
    """Lines of the open texts, as many characters of each as fall to its share of what is asked."""
    for name in OPEN:
        path, left = data_folder(data) / name, characters / len(OPEN)
        if not path.is_file():
            stop(f"no file {path}. Pass --data FOLDER, set ZHNLP_DATA, or --characters 0.")
        every = max(1, int(path.stat().st_size * 1.35 / max(left, 1)))  # lines from all over the file
        with lzma.open(path, "rt", encoding="utf-8") as file:
            for number, line in enumerate(file):
                if left <= 0:
                    break
                if number % every == 0 and line.strip():
                    left -= len(line)
                    yield line.strip()


def reader(row: str, seed: int, train: list[Example], options: argparse.Namespace) -> PassageReader:
    """The trained reader of a row, made once."""
    folder = folder_of(row, seed, train, options)
    if (folder / "reader.json").is_file():
        return PassageReader(folder)
    made, training = (dict(part) for part in LEARNT[row])
    if made["engine"] == "encoder":
        made["model"] = options.encoder
    if begun := made.get("dgcnn"):
        before = argparse.Namespace(**{**vars(options), "epochs": BEGUN})
        reader(begun, seed, train, before)
        made["dgcnn"] = folder_of(begun, seed, train, before)
    if made["engine"] == "dgcnn":
        made.setdefault("words", words(train, options))
    settings = {**TRAINING[made["engine"]], **training, "epochs": epochs_of(row, options)}
    settings["arguments"] = {"logging_strategy": "steps", "logging_steps": 50}  # a line a minute
    if clozes := settings.pop("cloze", None):
        made = {"model": warmed_up(made, seed, train, clozes, settings, options)}
    found = PassageReader(seed=seed, progress=True, **made).fit(train, out=folder / "training", **settings)
    found.save(folder)
    return found


def folder_of(row: str, seed: int, train: list[Example], options: argparse.Namespace) -> Path:
    """Where the reader of a row is kept."""
    return options.work / f"{row}-{len(train)}-{epochs_of(row, options):g}-{seed}"


def warmed_up(
    made: dict[str, Any],
    seed: int,
    train: list[Example],
    clozes: int,
    settings: dict[str, Any],
    options: argparse.Namespace,
) -> Path:
    """The folder of a reader that learnt from questions made of open text beside those of train, made once."""
    folder = options.work / f"cloze-{clozes}-{len(train)}-{seed}"
    if not (folder / "reader.json").is_file():
        known = made["words"]
        texts = joined_lines(open_text(options.data, 4 * options.characters))
        found = list(islice(cloze_questions(texts, known.cut, known.rarity, seed=seed), clozes))
        print(f"{len(found):,} questions made of open text, such as {found[0].question}", file=sys.stderr)
        reader = PassageReader(seed=seed, progress=True, **made)
        reader.fit([*found, *train], out=folder / "training", **{**settings, "epochs": CLOZE_PASSES}).save(
            folder
        )
    return folder


def joined_lines(lines: Iterable[str], characters: int = 700) -> Iterator[str]:
    """Neighbouring lines as one text, until it is so long."""
    text = ""
    for line in lines:
        text += line
        if len(text) >= characters:
            yield text
            text = ""


def epochs_of(row: str, options: argparse.Namespace) -> float:
    """Passes over the questions."""
    return options.epochs or TRAINING[LEARNT[row][0]["engine"]]["epochs"]


def run(row: str, seed: int, train: list[Example], dev: list[Example], options: argparse.Namespace) -> dict:
    """Train and score."""
    made = reader(row, seed, train, options)
    found = made.evaluate(dev)
    best = max(made.history_, key=lambda line: line["f1"], default={})
    return {
        **{name: found[name] for name in (*FIGURES, "intervals", "questions", "empty")},
        "held_out": {name: best[name] for name in ("f1", "em", "epoch") if name in best},
        "parameters": sum(one.numel() for one in made.engines[0].network.parameters()),
    }


def key_of(
    row: str, seed: int, train: list[Example], dev: list[Example], options: argparse.Namespace
) -> dict:
    """What identifies a result."""
    made, training = LEARNT[row]
    settings = {**TRAINING[made["engine"]], **training, "epochs": epochs_of(row, options)}
    key = {
        "recipe": RECIPE,
        "row": row,
        "seed": seed,
        "train": len(train),
        "dev": len(dev),
        **made,
        **settings,
    }
    if made["engine"] == "encoder":
        return {**key, "weights": digest(options.encoder)}
    return {**key, "characters": options.characters}


def report(results: Results, train: list[Example], dev: list[Example], options: argparse.Namespace) -> str:
    """The table."""
    body = []
    for row in options.rows:
        found = [results.find(key_of(row, seed, train, dev, options)) for seed in options.seeds]
        if lines := [line for line in found if line]:
            figures = [cell([line[name] for line in lines]) for name in FIGURES]
            minutes = sum(line["cpu_seconds"] for line in lines) / len(lines) / 60
            body.append([row, *figures, f"{lines[0]['parameters'] / 1e6:.1f}", f"{minutes:.0f}"])
    head = ["CMRC2018 dev", "EM", "F1", "million weights", "CPU minutes"]
    said = (
        f"{len(dev):,} questions of dev, {len(train):,} of train, of which a tenth (500 at most) chose the pass; seeds "
        f"{', '.join(map(str, options.seeds))}. BERT-base of the authors of the set: 65.5 / 84.5."
    )
    return f"{table(head, body)}\n\n{said}"


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = made.add_argument
    add("--rows", nargs="+", choices=list(LEARNT), default=["dgcnn"], metavar="ROW", help=", ".join(LEARNT))
    add("--seeds", nargs="+", type=int, default=[0])
    add("--epochs", type=float, help="passes over train (default: that of the row)")
    add("--encoder", default="zhnlp-mlm-small", help="of the row encoder (default: %(default)s)")
    add(
        "--characters",
        type=int,
        default=40_000_000,
        help="of open text for the vectors (default: %(default)s)",
    )
    add("--limit", type=count, help="questions of train and of dev at most")
    add("--data", help="folder of the public sets (default: $ZHNLP_DATA, else ../shared/data)")
    add("--work", type=Path, default=Path("workdir/train_reader"), help="where trained readers are kept")
    add(
        "--out",
        type=Path,
        default=default_out("train_reader"),
        help="lines of results (default: %(default)s)",
    )
    add("--table", action="store_true", help="only print the table of what is there")
    return made


def main() -> None:
    """Run what is missing, print the table."""
    options = parser().parse_args()
    train, dev = (questions(split, options.data, options.limit) for split in ("train", "dev"))
    results = Results(options.out)
    jobs = [] if options.table else [(row, seed) for seed in options.seeds for row in options.rows]
    for job in tqdm(jobs, file=sys.stderr, unit="result"):
        line = results.get(key_of(*job, train, dev, options), partial(run, *job, train, dev, options))
        tqdm.write(json.dumps({"job": job, "em": line["em"], "f1": line["f1"]}), file=sys.stderr)
    text = report(results, train, dev, options)
    print(text)
    print(f"{results.path} and {results.write_table(text)}", file=sys.stderr)


if __name__ == "__main__":
    main()
