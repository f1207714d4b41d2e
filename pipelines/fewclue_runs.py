"""The runs of the FewCLUE recipe: what identifies a result, how it is made, the table.

The module ``fewclue`` here is that of corpora/, which few_shot_jobs puts before this folder.
"""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from few_shot_jobs import Results, mean_sd, sample, table
from few_shot_methods import DEPENDS, METHODS, Job
from fewclue import Split, load, path_of
from fewclue_published import PUBLISHED, TASKS, score
from fewclue_tasks import cloze

from zhnlp.metrics import evaluate_classification

UNLABELLED = 5000  # texts that a method is given at most
BARE = ("bag-of-characters",)  # methods without the model


def target_of(task: str, fold: int, options: argparse.Namespace) -> str:
    """The split that is scored."""
    test = options.on == "test" and path_of(task, "test_public", options.data)
    return "test_public" if test else f"dev_{fold}"


def part(split: Split, numbers: list[int]) -> Split:
    """Some rows of a split."""
    candidates = split.candidates and [split.candidates[number] for number in numbers]
    labels = [split.labels[number] for number in numbers] if split.labels else []
    return Split([split.examples[number] for number in numbers], labels, candidates)


def key_of(task: str, method: str, fold: int, model: tuple[str, str], options: argparse.Namespace) -> dict:
    """What identifies a result: another template, limit or model makes another one."""
    asked = dataclasses.asdict(cloze(task, classes_of(task, fold, options)))
    key = {"task": task, "method": method, "fold": fold, "scored": target_of(task, fold, options)}
    key |= {"limit": options.limit, "seed": options.seed}
    if method not in BARE:
        key |= {"model": model[0], "weights": model[1]}
    return key | {name: _as_json(asked[name]) for name in DEPENDS[method]}


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): words for name, words in value.items()}
    return list(value) if isinstance(value, tuple) else value


def classes_of(task: str, fold: int, options: argparse.Namespace) -> list:
    """The classes that a fold's labelled texts have; those of a task with candidates are not asked for."""
    found = load(task, f"train_{fold}", options.data)
    return [] if found.candidates is not None else sorted(set(found.labels))


def run(task: str, method: str, fold: int, options: argparse.Namespace) -> dict:
    """Train, label, score."""
    seed = options.seed + fold
    train = load(task, f"train_{fold}", options.data)
    target = load(task, target_of(task, fold, options), options.data)
    target = part(target, sample(target.examples, options.limit, options.seed))
    unlabelled = train.examples
    if path_of(task, "unlabeled", options.data):
        found = load(task, "unlabeled", options.data).examples
        unlabelled = [found[number] for number in sample(found, options.limit or UNLABELLED, seed)]
    job = Job(
        cloze(task, classes_of(task, fold, options)),
        train,
        unlabelled,
        dataclasses.replace(target, labels=[]),
        options.model,
        seed,
        options.progress,
    )
    figures = evaluate_classification(target.labels, list(METHODS[method](job)))
    return {name: figures[name] for name in ("accuracy", "macro_f1", "texts")}


def rows_of(
    results: Results, model: tuple[str, str], options: argparse.Namespace
) -> dict[str, dict[str, list[float]]]:
    """method → task → accuracies, from the lines that these options ask for."""
    found: dict[str, dict[str, list[float]]] = {}
    for method in options.methods:
        for task in options.tasks:
            for fold in options.folds:
                if line := results.find(key_of(task, method, fold, model, options)):
                    found.setdefault(method, {}).setdefault(task, []).append(line["accuracy"])
    return found


def report(found: dict[str, dict[str, list[float]]], options: argparse.Namespace) -> str:
    """Our rows above the published ones, and what the reader has to know."""
    on_dev = [task for task in TASKS if target_of(task, 0, options) != "test_public"]
    head = ["accuracy, %", "Score", *(f"{task} (dev)" if task in on_dev else task for task in TASKS)]
    rows = []
    for method, tasks in found.items():
        figures = {task: mean_sd(values) for task, values in tasks.items()}
        whole = f"{score(figures):.2f}" if figures.keys() >= set(TASKS) else "–"
        rows.append([f"**{method}**", whole, *(cell(figures.get(task)) for task in TASKS)])
    for name, figures in PUBLISHED.items():
        rows.append([name, f"{score(figures):.2f}", *(cell(figures[task]) for task in TASKS)])
    where = "dev_i" if options.on == "dev" else "test_public, or dev_i where the column says (dev)"
    notes = [
        f"Bold: {options.model}, trained on train_i, scored on {where}; folds {', '.join(map(str, options.folds))}; mean ± "
        f"standard deviation (n − 1); Score is the plain mean of the nine. Seed {options.seed}."
        + (f" At most {options.limit} texts scored and as many unlabelled ones." if options.limit else ""),
        "Others: published, on test_public; arXiv 2107.07498 (102 M parameters; EFL was first trained on all of OCNLI or CMNLI) "
        "and PaddleNLP (one fold). Scores are added up again here: the paper prints 43.40 for zero-shot GPT, 52.27 for EFL ERNIE.",
        "The same with another model: `python pipelines/fewclue.py --model hfl/chinese-roberta-wwm-ext`",
    ]
    return "\n\n".join([table(head, rows), *notes])


def cell(figure: tuple[float, float | None] | None) -> str:
    """Mean ± deviation."""
    if figure is None:
        return "–"
    mean, deviation = figure
    return f"{mean:.1f}" if deviation is None else f"{mean:.1f} ± {deviation:.1f}"
