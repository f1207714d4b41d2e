"""Titles of scientific abstracts (CSL dev) by the shipped generator, which has learnt no title of CSL; and from few of them.

    python pipelines/titles_csl.py                               # without training, then from 10, 100 and 500 pairs
    python pipelines/titles_csl.py --rows lead shipped --limit 100

Without training all 1,000 records of the dev set are the test.  The other rows learn from the first pairs of one half, in a
seeded order, for a number of steps that is set beforehand, and are tested on the other half.

Source: https://kexue.fm/archives/6933, https://kexue.fm/archives/8209 (few pairs)
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from functools import partial

from few_shot_jobs import Results, digest, table
from title_jobs import FIGURES, WITHOUT, cell, cut_down, parser_of, scored
from title_sets import Pairs, csl
from tqdm import tqdm

from zhnlp.seq2seq import TitleGenerator

RECIPE = 1  # part of every key
SHOTS = (10, 100, 500)
ROWS = (*WITHOUT, "shipped", "shipped, fitted", "masked model, fitted")
MASKED = "zhnlp-mlm-small"
PUBLISHED = """\
| published, trained on some 10,000 pairs of CSL | ROUGE-L | ROUGE-1 | ROUGE-2 | BLEU |
| --- | ---: | ---: | ---: | ---: |
| BERT-wwm UniLM, beam 1 / 3 (post 7259) | 63.81 / 64.75 | 65.45 / 66.34 | 54.91 / 56.06 | 45.52 / 46.70 |
| WoBERT UniLM, beam 1 (post 7867) | 66.38 | 68.22 | 57.83 | 47.76 |
| T5-PEGASUS base, beam 1 (post 8209) | 67.68 | 69.87 | 59.80 | 49.37 |
| the same from 1,000 / 100 / 10 pairs | 63.12 / 60.87 / 55.85 | 65.28 / 62.78 / 57.66 | 54.54 / 52.30 / 47.52 | 43.55 / 41.40 / 35.97 |
| WoBERT UniLM from 10 pairs | 26.32 | 20.99 | 12.29 | 5.76 |
| LSTM of post 5861 (CLGE) | 41.80 | 46.48 | 30.48 | 22.00 |"""

Job = tuple[str, int, int, int]  # row, pairs learnt from, beams, seed


def jobs_of(options: argparse.Namespace) -> list[Job]:
    """Everything that is asked for."""
    found: list[Job] = []
    for row in options.rows:
        if row in WITHOUT:
            found.append((row, 0, 0, 0))
        elif row == "shipped":
            found += [(row, 0, beams, 0) for beams in options.beams]
        else:
            found += [
                (row, shots, beams, seed)
                for shots in options.shots
                for seed in options.seeds
                for beams in options.beams
            ]
    return found


def halves(pairs: Pairs, seed: int) -> tuple[Pairs, Pairs]:
    """Two halves in a seeded order."""
    pairs = pairs.copy()
    random.Random(seed).shuffle(pairs)
    return pairs[: len(pairs) // 2], pairs[len(pairs) // 2 :]


def generator(row: str, shots: int, seed: int, known: Pairs, options: argparse.Namespace) -> TitleGenerator:
    """What writes the titles of a row; trained once."""
    begin = MASKED if row.startswith("masked") else options.model
    if not shots:
        return TitleGenerator(begin)
    folder = options.work / f"{digest(begin)}-{shots}-{options.steps}-{seed}"
    if not (folder / "titles.json").is_file():
        made = TitleGenerator(begin, max_source=192, max_target=40, seed=seed)
        batch = min(32, shots)
        made.fit(known[:shots], valid=False, epochs=options.steps * batch / shots, batch_size=batch)
        made.save(folder)
    return TitleGenerator(folder)


def run(job: Job, pairs: Pairs, options: argparse.Namespace) -> dict:
    """Write and score."""
    row, shots, beams, seed = job
    known, test = halves(pairs, seed) if shots else ([], pairs)
    if row in WITHOUT:
        return scored([WITHOUT[row](article, title) for article, title in test], test)
    made = generator(row, shots, seed, known, options)
    return scored(
        [one["title"] for one in made.generate([article for article, _ in test], num_beams=beams)], test
    )


def key_of(job: Job, pairs: Pairs, options: argparse.Namespace) -> dict:
    """What identifies a result."""
    row, shots, beams, seed = job
    key = {"recipe": RECIPE, "row": row, "texts": len(pairs)}
    if row not in WITHOUT:
        begin = MASKED if row.startswith("masked") else options.model
        key |= {"beams": beams, "weights": digest(begin)}
    if shots:
        key |= {"shots": shots, "seed": seed, "steps": options.steps}
    return key


def report(results: Results, pairs: Pairs, options: argparse.Namespace) -> str:
    """The table, then the published one."""
    rows: dict[tuple, list[dict]] = {}
    for job in jobs_of(options):
        if line := results.find(key_of(job, pairs, options)):
            rows.setdefault(job[:3], []).append(line)
    head = ["titles of CSL dev", "pairs", "beams", "ROUGE-L", "ROUGE-1", "ROUGE-2", "BLEU", "characters"]
    body = [
        [
            row,
            f"{shots:,}",
            str(beams or "–"),
            *(cell([line[name] for line in lines]) for name in FIGURES),
            cell([line["mean_length"] / 100 for line in lines], 1),
        ]
        for (row, shots, beams), lines in rows.items()
    ]
    said = (
        f"{len(pairs):,} records; where pairs are learnt from, half of them are the test and the pairs come from the other "
        f"half, seeds {', '.join(map(str, options.seeds))}. The pre-training text of zhnlp-mlm-small, which both kinds of rows begin "
        "from, has these abstracts and titles as plain text; no title was learnt as one."
    )
    return f"{table(head, body)}\n\n{said}\n\n{PUBLISHED}"


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = parser_of(__doc__, "titles_csl", ROWS)
    add = made.add_argument
    add("--model", default="zhnlp-title-small", help="generator (default: %(default)s)")
    add("--shots", nargs="+", type=int, default=list(SHOTS), help="pairs to learn from")
    add("--beams", nargs="+", type=int, default=[1, 3])
    add("--seeds", nargs="+", type=int, default=[0, 1])
    add("--steps", type=int, default=150, help="of training, however many pairs (default: %(default)s)")
    return made


def main() -> None:
    """Run what is missing, print the table."""
    options = parser().parse_args()
    pairs = cut_down(csl(options.data), options.limit)
    results = Results(options.out)
    for job in tqdm([] if options.table else jobs_of(options), file=sys.stderr, unit="result"):
        line = results.get(key_of(job, pairs, options), partial(run, job, pairs, options))
        tqdm.write(json.dumps({"job": job, "rouge_l": round(line["rouge_l"], 4)}), file=sys.stderr)
    text = report(results, pairs, options)
    print(text)
    print(f"{results.path} and {results.write_table(text)}", file=sys.stderr)


if __name__ == "__main__":
    main()
