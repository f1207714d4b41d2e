"""The table of post 7764: how far a masked language model gets on reviews with no label, 168 labels, or unlabelled text beside.

    python pipelines/pet_sentiment.py                          # valid only: what to choose by; some hours of one core
    python pipelines/pet_sentiment.py --test                   # what valid chose, once on test
    python pipelines/pet_sentiment.py --limit 500 --seeds 0 --templates P1 summary     # to try settings
    python pipelines/pet_sentiment.py --model hfl/chinese-roberta-wwm-ext --out workdir/roberta.jsonl

The labelled texts are the first 168 of train (one in a hundred), the others of train are unlabelled, as in the post.  A
training never sees valid or test, and its length is fixed beforehand; valid chooses the template of each row.  Every result is
a line of --out at once, and lines that are there are not made again: run the same command after a kill.  Public set:
few_shot/sentiment (ZHNLP_DATA, else ../shared/data), research use only.

Source: https://kexue.fm/archives/7764, https://kexue.fm/archives/8295 (P-tuning)
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from few_shot_jobs import Results, default_out, digest, mean_sd, sample, table
from pet_sentiment_rows import ROWS, TEMPLATES, Reviews, Row, adapted_model
from tqdm import tqdm

from zhnlp.metrics import evaluate_classification

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "corpora"))

from sentiment import LABELLED, load

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
BERT 89.75, GPT 88.51 (post 8295)."""


def jobs_of(options: argparse.Namespace) -> list[tuple[Row, str, int]]:
    """Row, template and seed of everything that is asked for."""
    found = []
    for row in (ROWS[name] for name in options.rows):
        names = options.templates if row.templates else ("",)
        seeds = options.seeds if row.random else options.seeds[:1]
        found += [(row, name, seed) for name in names for seed in seeds]
    return found


def key_of(
    row: Row, name: str, seed: int, scored: str, model: tuple[str, str], options: argparse.Namespace
) -> dict:
    """What identifies a result."""
    key = {"row": row.name, "template": name, "seed": seed, "scored": scored, "limit": options.limit}
    key |= {"labels": options.labels, "settings": row.settings}
    if row.network:
        key |= {"model": model[0], "weights": model[1]}
    if row.adapted:
        key |= {"adapt_epochs": options.adapt_epochs}
    if name:
        template, labels = TEMPLATES[name]
        key |= {"asked": template, "words": {str(label): words for label, words in labels.items()}}
    return key


def run(row: Row, name: str, seed: int, scored: str, data: dict, options: argparse.Namespace) -> dict:
    """Train, label, score."""
    model = options.model
    if row.adapted:
        model = str(adapted_model(model, data["reviews"], seed, options.adapt_epochs, options.work))
    texts, labels = data[scored]
    given = row.run(data["reviews"], model, name, seed, texts)
    figures = evaluate_classification(labels, given)
    return {key: figures[key] for key in ("accuracy", "macro_f1", "texts")}


def accuracies(
    results: Results, scored: str, model: tuple[str, str], options: argparse.Namespace
) -> dict[tuple[str, str], list[float]]:
    """(row, template) → accuracies over seeds, from the lines that these options ask for."""
    found: dict[tuple[str, str], list[float]] = {}
    for row, name, seed in jobs_of(options):
        if line := results.find(key_of(row, name, seed, scored, model, options)):
            found.setdefault((row.name, name), []).append(line["accuracy"])
    return found


def chosen(valid: dict[tuple[str, str], list[float]]) -> dict[str, str]:
    """Row → the template with the best mean on valid."""
    best: dict[str, str] = {}
    for (row, name), values in valid.items():
        if row not in best or mean_sd(values)[0] > mean_sd(valid[row, best[row]])[0]:
            best[row] = name
    return best


def report(results: Results, model: tuple[str, str], options: argparse.Namespace) -> str:
    """Rows by templates on valid; what valid chose, with test where it was scored; the published table."""
    valid, test = (accuracies(results, scored, model, options) for scored in ("valid", "test"))
    best, columns = (
        chosen(valid),
        [name for name in options.templates if any(name == key[1] for key in valid)],
    )
    rows = []
    for row in (ROWS[name] for name in options.rows if name in best):
        names = columns if row.templates else [""]
        cells = [cell(valid.get((row.name, name)), bold=name == best[row.name]) for name in names]
        rows.append([row.name, *cells, *[""] * (len(columns) - len(cells))])
    parts = [table(["valid accuracy, %", *columns], rows)]
    picks = [
        [
            row,
            name and f"`{TEMPLATES[name][0]}`" if isinstance(name and TEMPLATES[name][0], str) else name,
            cell(valid[row, name]),
            cell(test.get((row, name))),
        ]
        for row, name in best.items()
    ]
    parts.append(table(["chosen on valid", "template", "valid", "test"], picks))
    if options.test == "all":
        rows = [
            [row, *(cell(test.get((row, name))) for name in columns)] for row in best if ROWS[row].templates
        ]
        parts.append(table(["test accuracy, %", *columns], rows))
    seeds = ", ".join(map(str, options.seeds))
    parts.append(
        f"{options.model}; labelled: the first {options.labels} of train (-all: all of it); mean ± standard deviation (n − 1) over "
        f"seeds {seeds}; adapted and semi-supervised: after {options.adapt_epochs:g} passes of masked language modelling over train."
        + (f" At most {options.limit} texts scored." if options.limit else "")
    )
    asked = [f"- {name}: {TEMPLATES[name][0]} {TEMPLATES[name][1]}" for name in columns]
    parts += [
        "\n".join(asked),
        PUBLISHED,
        "With that model: `python pipelines/pet_sentiment.py --model hfl/chinese-roberta-wwm-ext --templates P1 P2 P3 P4 P5`",
    ]
    return "\n\n".join(parts)


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
        help="score test too: the template that valid chose for each row, or all",
    )
    made.add_argument(
        "--labels",
        type=int,
        default=LABELLED,
        help="labelled reviews, the first of train (default: %(default)s)",
    )
    made.add_argument("--adapt-epochs", type=float, default=3.0, help="passes of the unlabelled MLM")
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


def main() -> None:
    """Run what is missing on valid, then on test if asked; print the tables."""
    options = parser().parse_args()
    for name in ("limit", "labels"):
        if (given := getattr(options, name)) is not None and given < 1:
            parser().error(f"--{name} got {given}: expected 1 or more")
    results, model = Results(options.out), (options.model, digest(options.model))
    texts, labels = load("train", options.data)
    data: dict = {"reviews": Reviews.split(texts, labels, options.labels)}

    def work(jobs: list[tuple[Row, str, int]], scored: str) -> None:
        texts, labels = load(scored, options.data)
        numbers = sample(texts, options.limit, 0)
        data[scored] = [texts[number] for number in numbers], [labels[number] for number in numbers]
        for row, name, seed in tqdm(jobs, desc=scored, file=sys.stderr, unit="result"):
            key = key_of(row, name, seed, scored, model, options)
            known = results.find(key)
            line = results.get(
                key, lambda row=row, name=name, seed=seed: run(row, name, seed, scored, data, options)
            )
            if known is None:
                said = f"{row.name} {name} seed {seed}: {100 * line['accuracy']:.2f} on {scored} ({line['seconds']:.0f} s)"
                tqdm.write(said, file=sys.stderr)

    if not options.table:
        jobs = jobs_of(options)
        work(jobs, "valid")
        if options.test:
            best = chosen(accuracies(results, "valid", model, options))
            work([job for job in jobs if options.test == "all" or best[job[0].name] == job[1]], "test")
    text = report(results, model, options)
    print(text)
    print(f"{results.path} and {results.write_table(text)}", file=sys.stderr)


if __name__ == "__main__":
    main()
