"""The table of post 7764: how far a masked language model gets on reviews with no label, 168 labels, or unlabelled text beside.

    python pipelines/pet_sentiment.py                          # all templates on valid, as the post shows them; hours of one core
    python pipelines/pet_sentiment.py --test                   # and each row with its chosen template on test, once
    python pipelines/pet_sentiment.py --limit 500 --seeds 0 --templates P1 summary     # to try
    python pipelines/pet_sentiment.py --model hfl/chinese-roberta-wwm-ext --out workdir/roberta.jsonl

The labelled texts are the first 168 of train (one in a hundred), the others of train are unlabelled, as in the post.  No
training and no choice sees valid or test: a row without labels takes the template that `suggest_templates` ranks first on
unlabelled reviews, a row with labels the one that does best on four folds inside them.  Every result is a line of --out at
once, and lines that are there are not made again: run the same command after a kill.  Public set: few_shot/sentiment
(ZHNLP_DATA, else ../shared/data), research use only.

Source: https://kexue.fm/archives/7764, https://kexue.fm/archives/8295 (P-tuning)
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from few_shot_jobs import RECIPE, Results, default_out, digest, mean_sd, sample, table
from few_shot_methods import parameters_of
from pet_sentiment_rows import ROWS, TEMPLATES, Reviews, adapted_model, chosen_by_labels, chosen_by_texts
from sentiment import LABELLED, load
from tqdm import tqdm

from zhnlp.metrics import evaluate_classification

WAYS = {"texts": "unlabelled texts", "labels": "folds of the labels", "": "–"}
PUBLISHED = """\
| test accuracy, %, published in the post | P1 | P2 | P3 | P4 | P5 |
| --- | ---: | ---: | ---: | ---: | ---: |
| zero-shot, BERT base (Google) | 67.60 | 56.13 | 59.69 | 83.33 | 76.13 |
| zero-shot, RoBERTa wwm ext base (HFL) | 84.27 | 68.69 | 59.12 | 82.28 | 81.62 |
| zero-shot, BERT base (UER) | 68.64 | 50.97 | 70.11 | 81.48 | 62.58 |
| zero-shot, BERT large (UER) | 85.08 | 72.10 | 77.03 | 87.45 | 83.56 |
| RoBERTa + unlabelled MLM | 87.53 | 68.78 | 81.24 | 85.65 | 87.40 |
| RoBERTa, few labels | 89.18 | 82.76 | 89.05 | 89.13 | 88.75 |
| RoBERTa, semi-supervised | 89.76 | 79.35 | 88.96 | 89.54 | 89.23 |

Also published: fine-tuning with 200 labels 89.34, with adversarial training on unlabelled text 90.37 (post 7466); P-tuning,
BERT 89.75, GPT 88.51 (post 8295).

The same with those models, `python pipelines/pet_sentiment.py --templates P1 P2 P3 P4 P5 --test all` and `--model
google-bert/bert-base-chinese` (BERT base, Google), `--model hfl/chinese-roberta-wwm-ext` (RoBERTa); a GPT: `--rows p-tuning
--model` and a causal model, such as zhnlp-gpt-small."""


def jobs_of(options: argparse.Namespace, best: dict) -> list[tuple[str, str, int]]:
    """Row, template and seed of everything that is asked for: all seeds with the chosen template, the first with the others."""
    found = []
    for row in options.rows:
        asked = ROWS[row]
        chosen = best.get(asked.chosen)
        if chosen is None:
            continue
        names = options.templates if asked.chosen and asked.everywhere else [chosen]
        seeds = options.seeds if asked.random else options.seeds[:1]
        found += [(row, name, seed) for name in names for seed in (seeds if name == chosen else seeds[:1])]
    return found


def splits_of(row: str, name: str, best: dict, options: argparse.Namespace) -> list[str]:
    """What a job is scored on."""
    test = options.test == "all" or (options.test and best[ROWS[row].chosen] == name)
    return ["valid", "test"] if test else ["valid"]


def key_of(
    row: str, name: str, seed: int, split: str, model: tuple[str, str], options: argparse.Namespace
) -> dict:
    """What identifies a result: another template, rate or model makes another one."""
    asked = ROWS[row]
    key = {"recipe": RECIPE, "row": row, "template": name, "seed": seed, "scored": split}
    key |= {"limit": options.limit, "labels": options.labels, "learns": asked.learn.__name__}
    if asked.network:
        key |= {"model": model[0], "weights": model[1]}
    if asked.adapted:
        key |= {"adapt_epochs": options.adapt_epochs}
    return key | {"parameters": parameters_of(asked.make(options.model, name, seed))}


def trained(row: str, name: str, seed: int, reviews: Reviews, options: argparse.Namespace) -> Any:
    """The classifier of a job, which has learnt."""
    asked, model = ROWS[row], options.model
    if asked.adapted:
        model = str(adapted_model(model, reviews, options.adapt_epochs, options.work))
    classifier = asked.make(model, name, seed)
    asked.learn(classifier, reviews)
    return classifier


def scored(classifier: Any, texts: list[str], labels: list[int]) -> dict:
    """Its figures on a split."""
    figures = evaluate_classification(labels, classifier.predict(texts), labels=[0, 1])
    return {key: figures[key] for key in ("accuracy", "macro_f1", "texts")}


def choices(results: Results, reviews: Reviews, model: tuple[str, str], options: argparse.Namespace) -> dict:
    """Way of choosing → template, for the ways that the rows asked for need."""
    ways = {"texts": chosen_by_texts, "labels": chosen_by_labels}
    found = {"": ""}
    for way in sorted({ROWS[row].chosen for row in options.rows} - {""}):
        key = {"recipe": RECIPE, "chosen_by": way, "templates": options.templates, "labels": options.labels}
        key |= {
            "model": model[0],
            "weights": model[1],
            "parameters": parameters_of(ROWS["pet"].make("", "P1", 0)),
        }
        line = results.find(key)
        if line is None and not options.table:
            line = results.get(
                key, lambda way=way: ways[way](options.model, list(options.templates), reviews)
            )
        if line is not None:
            found[way] = line["template"]
    return found


def accuracies(
    results: Results, split: str, model: tuple[str, str], best: dict, options: argparse.Namespace
) -> dict[tuple[str, str], list[float]]:
    """(row, template) → accuracies over seeds, from the lines that these options ask for."""
    found: dict[tuple[str, str], list[float]] = {}
    for row, name, seed in jobs_of(options, best):
        if line := results.find(key_of(row, name, seed, split, model, options)):
            found.setdefault((row, name), []).append(line["accuracy"])
    return found


def report(results: Results, best: dict, model: tuple[str, str], options: argparse.Namespace) -> str:
    """All rows by templates on valid, the chosen ones with test, the published table."""
    valid, test = (accuracies(results, split, model, best, options) for split in ("valid", "test"))
    rows = [row for row in options.rows if any(row == key[0] for key in valid)]
    chosen = {row: best[ROWS[row].chosen] for row in rows if ROWS[row].chosen in best}
    parts = [by_template("valid accuracy, %", valid, rows, chosen, options)]
    picked = [
        [row, WAYS[ROWS[row].chosen], name or "–", cell(valid.get((row, name))), cell(test.get((row, name)))]
        for row, name in chosen.items()
    ]
    parts.append(table(["accuracy, %", "template chosen by", "template", "valid", "test"], picked))
    if options.test == "all":
        parts.append(by_template("test accuracy, %", test, rows, chosen, options))
    parts.append(
        f"{options.model}; labelled: the first {options.labels} of train (-all: all of it); mean ± standard deviation (n − 1) over "
        f"seeds {', '.join(map(str, options.seeds))} with the chosen template (bold), seed {options.seeds[0]} with the others. adapted and "
        f"semi-supervised begin after {options.adapt_epochs:g} passes of masked language modelling over train without labels, with 30 % "
        f"masks, done once. An ensemble has a classifier for each template, trained apart. fine-tuning takes the mean over tokens, "
        f"fine-tuning-cls the first one. Rates, epochs and the templates were fixed after trials on valid and dev folds of FewCLUE."
        + (f" At most {options.limit} texts scored." if options.limit else "")
    )
    asked = [f"- {name}: {TEMPLATES[name][0]} {TEMPLATES[name][1]}" for name in options.templates]
    return "\n\n".join([*parts, "\n".join(asked), PUBLISHED])


def by_template(
    title: str,
    found: dict[tuple[str, str], list[float]],
    rows: list[str],
    chosen: dict[str, str],
    options: argparse.Namespace,
) -> str:
    """A table of rows by templates; a row without template has its figure in the first column."""
    columns = list(options.templates)
    body = []
    for row in rows:
        names = columns if ROWS[row].chosen else [""]
        cells = [cell(found.get((row, name)), bold=name == chosen.get(row)) for name in names]
        body.append([row, *cells, *[""] * (len(columns) - len(cells))])
    return table([title, *columns], body)


def cell(values: list[float] | None, bold: bool = False) -> str:
    """Mean ± deviation in per cent."""
    if not values:
        return "–"
    mean, deviation = mean_sd(values)
    text = f"{mean:.2f}" if deviation is None else f"{mean:.2f} ± {deviation:.2f}"
    return f"**{text}**" if bold else text


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument(
        "--model", default="zhnlp-mlm-small", help="shipped name, folder or Hub id (default: %(default)s)"
    )
    made.add_argument(
        "--rows", nargs="+", choices=ROWS, default=list(ROWS), metavar="ROW", help=", ".join(ROWS)
    )
    made.add_argument(
        "--templates",
        nargs="+",
        choices=TEMPLATES,
        default=list(TEMPLATES),
        metavar="NAME",
        help="; ".join(f"{name}: {template}" for name, (template, _) in TEMPLATES.items()),
    )
    made.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    made.add_argument(
        "--test",
        nargs="?",
        choices=("chosen", "all"),
        const="chosen",
        help="score test too: the chosen template of each row, or all",
    )
    made.add_argument(
        "--labels",
        type=int,
        default=LABELLED,
        help="labelled reviews, the first of train (default: %(default)s)",
    )
    made.add_argument("--adapt-epochs", type=float, default=6.0, help="passes of the unlabelled MLM")
    made.add_argument("--limit", type=int, help="texts scored at most")
    made.add_argument("--data", help="folder of the public sets (default: $ZHNLP_DATA, else ../shared/data)")
    made.add_argument(
        "--work",
        type=Path,
        default=Path("workdir/pet_sentiment"),
        help="where adapted models are kept (default: %(default)s)",
    )
    made.add_argument(
        "--out",
        type=Path,
        default=default_out("pet_sentiment"),
        help="lines of results; the table lies beside (default: %(default)s)",
    )
    made.add_argument("--table", action="store_true", help="only print the table of what is there")
    return made


def work(
    job: tuple[str, str, int],
    targets: dict,
    best: dict,
    reviews: Reviews,
    results: Results,
    model: tuple[str, str],
    options: argparse.Namespace,
) -> None:
    """Do a job, unless its lines are there: one training, scored on every split that is asked for."""
    classifier = None

    def figures(split: str) -> dict:
        nonlocal classifier
        classifier = trained(*job, reviews, options) if classifier is None else classifier
        return scored(classifier, *targets[split])

    for split in splits_of(*job[:2], best, options):
        key = key_of(*job, split, model, options)
        if results.find(key) is None:
            line = results.get(key, lambda split=split: figures(split))
            row, name, seed = job
            said = (
                f"{row} {name} seed {seed}: {100 * line['accuracy']:.2f} on {split} ({line['seconds']:.0f} s)"
            )
            tqdm.write(said, file=sys.stderr)


def main() -> None:
    """Run what is missing; print the tables."""
    options = parser().parse_args()
    for name in ("limit", "labels"):
        if (given := getattr(options, name)) is not None and given < 1:
            parser().error(f"--{name} got {given}: expected 1 or more")
    results, model = Results(options.out), (options.model, digest(options.model))
    texts, labels = load("train", options.data)
    reviews = Reviews.split(texts, labels, options.labels)
    best = choices(results, reviews, model, options)
    if not options.table:
        targets = {}
        for split in ("valid", "test") if options.test else ("valid",):
            texts, labels = load(split, options.data)
            numbers = sample(texts, options.limit, 0)
            targets[split] = [texts[number] for number in numbers], [labels[number] for number in numbers]
        for job in tqdm(jobs_of(options, best), file=sys.stderr, unit="result"):
            work(job, targets, best, reviews, results, model, options)
    text = report(results, best, model, options)
    print(text)
    print(f"{results.path} and {results.write_table(text)}", file=sys.stderr)


if __name__ == "__main__":
    main()
