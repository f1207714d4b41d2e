"""Titles of broadcast news: UniLM from the shipped masked model, from random weights, the LSTM of post 5861, and the lead.

    python pipelines/titles_news.py --rows lead lead-cut text-rank          # seconds
    python pipelines/titles_news.py --rows unilm --beams 1 3                # an hour of one core
    python pipelines/titles_news.py --limit 200 --train 500 --epochs 1      # to try
    python pipelines/titles_news.py --model hfl/chinese-roberta-wwm-ext --rows unilm --out workdir/roberta.jsonl

The last 1,000 items by date are the test, the 500 before them choose the pass that is kept, the others are trained on.
Every result is a line of --out at once, and what is there is not made again; a killed training goes on where it was.
Public set: corpora/news.jsonl.xz (ZHNLP_DATA, else ../shared/data), research use only.

Source: https://kexue.fm/archives/5861 (LSTM), https://kexue.fm/archives/6933 (UniLM and the metric)
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from typing import Any

from few_shot_jobs import Results, digest, table
from title_jobs import FIGURES, WITHOUT, cell, count, cut_down, parser_of, scored
from title_sets import Pairs, news
from tqdm import tqdm

from zhnlp.seq2seq import TitleGenerator

RECIPE = 1  # part of every key
LEARNT: dict[str, dict[str, Any]] = {
    "unilm": {"engine": "unilm"},
    "unilm-random": {"engine": "unilm", "pretrained": False},
    "lstm": {"engine": "lstm"},
}
ROWS = (*WITHOUT, *LEARNT)


def generator(row: str, seed: int, train: Pairs, valid: Pairs, options: argparse.Namespace) -> TitleGenerator:
    """The trained generator of a row, made once."""
    name = f"{row}-{digest(options.model)}-{len(train)}-{options.epochs:g}-{options.max_source}-{seed}"
    folder = options.work / name
    if (folder / "titles.json").is_file():
        return TitleGenerator(folder)
    settings = LEARNT[row]
    model = options.model if settings["engine"] == "unilm" else None
    made = TitleGenerator(
        model, max_source=options.max_source, max_target=options.max_target, seed=seed, **settings
    )
    made.fit(
        list(train), list(valid), out=folder / "training", epochs=options.epochs, patience=options.patience
    )
    made.save(folder)
    return made


def titles(row: str, beams: int, seed: int, sets: dict[str, Pairs], options: argparse.Namespace) -> list[str]:
    """A title for each test item."""
    if row in WITHOUT:
        return [WITHOUT[row](article, title) for article, title in sets["test"]]
    made = generator(row, seed, sets["train"], sets["valid"], options)
    return [one["title"] for one in made.generate([article for article, _ in sets["test"]], num_beams=beams)]


def run(row: str, beams: int, seed: int, sets: dict[str, Pairs], options: argparse.Namespace) -> dict:
    """Write and score."""
    return scored(titles(row, beams, seed, sets, options), sets["test"], "empty", "copied", "novel_bigrams")


def jobs_of(options: argparse.Namespace) -> list[tuple[str, int, int]]:
    """Row, beams and seed of everything that is asked for."""
    found: list[tuple[str, int, int]] = []
    for row in options.rows:
        if row in WITHOUT:
            found.append((row, 0, 0))
        else:
            found += [(row, beams, seed) for seed in options.seeds for beams in options.beams]
    return found


def key_of(row: str, beams: int, seed: int, sets: dict[str, Pairs], options: argparse.Namespace) -> dict:
    """What identifies a result."""
    key: dict[str, Any] = {"recipe": RECIPE, "row": row, "test": len(sets["test"])}
    if row in LEARNT:
        key |= {"beams": beams, "seed": seed, "train": len(sets["train"]), "valid": len(sets["valid"])}
        key |= {"epochs": options.epochs, "max_source": options.max_source, "max_target": options.max_target}
        key |= {"patience": options.patience, "weights": digest(options.model), **LEARNT[row]}
    return key


def report(results: Results, sets: dict[str, Pairs], options: argparse.Namespace) -> str:
    """The table."""
    rows: dict[tuple[str, int], list[dict]] = {}
    for row, beams, seed in jobs_of(options):
        if line := results.find(key_of(row, beams, seed, sets, options)):
            rows.setdefault((row, beams), []).append(line)
    head = ["titles of news", "beams", "ROUGE-L", "ROUGE-1", "ROUGE-2", "BLEU", "characters", "new bigrams"]
    body = []
    for (row, beams), lines in rows.items():
        cells = [cell([line[name] for line in lines]) for name in FIGURES]
        more = [
            cell([line["mean_length"] / 100 for line in lines], 1),
            cell([line["novel_bigrams"] for line in lines], 0),
        ]
        body.append([row, str(beams or "–"), *cells, *more])
    said = (
        f"{len(sets['test']):,} items of news.jsonl, the last by date; {len(sets['train']):,} trained on, {len(sets['valid'])} to choose the "
        f"pass that is kept, at most {options.epochs:g}; seeds {', '.join(map(str, options.seeds))}; characters as the post counts "
        "them, in per cent. lead-cut is as long as the right title."
    )
    return f"{table(head, body)}\n\n{said}"


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = parser_of(__doc__, "titles_news", ROWS)
    add = made.add_argument
    add("--beams", nargs="+", type=int, default=[1, 3])
    add("--seeds", nargs="+", type=int, default=[0])
    add("--model", default="zhnlp-mlm-small", help="masked model of UniLM (default: %(default)s)")
    add("--epochs", type=float, default=10.0, help="passes at most")
    add("--patience", type=int, default=2, help="passes without a better ROUGE-L before the end")
    add("--max-source", type=int, default=128, help="tokens of an article that are read")
    add("--max-target", type=int, default=40, help="tokens of a title at most")
    add("--train", type=count, help="items to train on at most")
    return made


def main() -> None:
    """Run what is missing, print the table."""
    options = parser().parse_args()
    sets = news(options.data)
    sets["train"], sets["test"] = (
        cut_down(sets["train"], options.train),
        cut_down(sets["test"], options.limit),
    )
    results = Results(options.out)
    for job in tqdm([] if options.table else jobs_of(options), file=sys.stderr, unit="result"):
        line = results.get(key_of(*job, sets, options), partial(run, *job, sets, options))
        tqdm.write(json.dumps({"job": job, "rouge_l": round(line["rouge_l"], 4)}), file=sys.stderr)
    text = report(results, sets, options)
    print(text)
    print(f"{results.path} and {results.write_table(text)}", file=sys.stderr)


if __name__ == "__main__":
    main()
