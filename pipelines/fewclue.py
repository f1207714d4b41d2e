"""FewCLUE: nine tasks, five folds, every method on one backbone; mean ± standard deviation beside the published rows.

    python pipelines/fewclue.py                                          # on dev folds: no test split is looked at
    python pipelines/fewclue.py --tasks eprstmt tnews --methods bag-of-characters zero-shot pet --limit 200
    python pipelines/fewclue.py --on test                                # at the end, once
    python pipelines/fewclue.py --on test --model hfl/chinese-roberta-wwm-ext --out workdir/roberta.jsonl

A method learns from train_i and labels dev_i, or with ``--on test`` test_public; where a task has no test_public here, it
labels dev_i all the same, and the table says so.  Every result is a line of --out at once, and lines that are there are not
made again: run the same command after a kill.  Templates and label words: fewclue_tasks.py; methods: few_shot_methods.py;
public set: few_shot/fewclue (ZHNLP_DATA, else ../shared/data), research use only.

Source: https://kexue.fm/archives/7764, https://kexue.fm/archives/8295; the benchmark: https://arxiv.org/abs/2107.07498
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from few_shot_jobs import Results, default_out, digest
from few_shot_methods import DEFAULT, METHODS
from fewclue_published import TASKS
from fewclue_runs import jobs_of, key_of, report, rows_of, run
from tqdm import tqdm

FOLDS = 5


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument(
        "--model", default="zhnlp-mlm-small", help="shipped name, folder or Hub id (default: %(default)s)"
    )
    made.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS), metavar="TASK")
    made.add_argument(
        "--methods",
        nargs="+",
        choices=METHODS,
        default=list(DEFAULT),
        metavar="METHOD",
        help=", ".join(METHODS),
    )
    made.add_argument("--folds", nargs="+", type=int, choices=range(FOLDS), default=list(range(FOLDS)))
    made.add_argument("--limit", type=int, help="texts scored at most")
    made.add_argument(
        "--on", choices=("dev", "test"), default="dev", help="what is scored (default: %(default)s)"
    )
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--data", help="folder of the public sets (default: $ZHNLP_DATA, else ../shared/data)")
    made.add_argument(
        "--work",
        type=Path,
        default=Path("workdir/fewclue"),
        help="where adapted models are kept (default: %(default)s)",
    )
    made.add_argument(
        "--out",
        type=Path,
        default=default_out("fewclue"),
        help="lines of results; the table lies beside (default: %(default)s)",
    )
    made.add_argument("--table", action="store_true", help="only print the table of what is there")
    return made


def main() -> None:
    """Run what is missing, print the table."""
    options = parser().parse_args()
    if options.limit is not None and options.limit < 1:
        parser().error(f"--limit got {options.limit}: expected 1 or more")
    results, model = Results(options.out), (options.model, digest(options.model))
    for task, method, fold in tqdm([] if options.table else jobs_of(options), file=sys.stderr, unit="result"):
        key = key_of(task, method, fold, model, options)
        known = results.find(key)
        line = results.get(key, lambda task=task, method=method, fold=fold: run(task, method, fold, options))
        if known is None:
            tqdm.write(
                f"{task} {method} {fold}: {100 * line['accuracy']:.1f} ({line['seconds']:.0f} s)",
                file=sys.stderr,
            )
    text = report(rows_of(results, model, options), options)
    print(text)
    print(f"{results.path} and {results.write_table(text)}", file=sys.stderr)


if __name__ == "__main__":
    main()
