"""The runs of the FewCLUE recipe: what identifies a result, how it is made, the table."""

from __future__ import annotations

import argparse
import dataclasses
import random
from functools import lru_cache
from typing import Any

from few_shot_jobs import RECIPE, Results, digest, mean_sd, sample, table
from few_shot_methods import (
    ADAPT_EPOCHS,
    ADAPT_RATE,
    METHODS,
    Job,
    adapted_model,
    answers,
    parameters_of,
)
from fewclue_published import PUBLISHED, TASKS, score
from fewclue_sets import TASKS as SETS
from fewclue_sets import Split, load, path_of
from fewclue_tasks import cloze

from zhnlp.metrics import evaluate_classification

UNLABELLED = 1000  # texts that a method is given at most
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


@lru_cache(maxsize=4)
def _train(task: str, fold: int, data: str | None) -> Split:
    return load(task, f"train_{fold}", data)


def made(task: str, method: str, fold: int, options: argparse.Namespace, model: str | None = None) -> Any:
    """The classifier of a method, not yet trained; its classes are those of the labelled texts."""
    train = _train(task, fold, options.data)
    asked = cloze(task, [] if train.candidates is not None else sorted(set(train.labels)))
    return METHODS[method].make(asked, len(train), model or options.model, options.seed + fold)


def adapted(task: str, options: argparse.Namespace) -> str:
    """The model after masked language modelling on all unlabelled texts of a task; the same for all folds."""
    examples = load(task, "unlabeled", options.data).examples
    texts = [example if isinstance(example, str) else "".join(example.values()) for example in examples]
    folder = options.work / f"{task}-{digest(options.model)}-{ADAPT_EPOCHS}-{ADAPT_RATE:g}"
    return adapted_model(options.model, texts, cloze(task, []).max_length, folder)


def key_of(task: str, method: str, fold: int, model: tuple[str, str], options: argparse.Namespace) -> dict:
    """What identifies a result: another template, rate, limit or model makes another one."""
    key = {"recipe": RECIPE, "task": task, "method": method, "fold": fold}
    key |= {"scored": target_of(task, fold, options), "limit": options.limit, "seed": options.seed}
    if method not in BARE:
        key |= {"model": model[0], "weights": model[1]}
    if METHODS[method].adapted:
        key |= {"adapted": [ADAPT_EPOCHS, ADAPT_RATE]}
    learns = METHODS[method].learn.__name__
    return {**key, "learns": learns, "parameters": parameters_of(made(task, method, fold, options))}


def run(task: str, method: str, fold: int, options: argparse.Namespace) -> dict:
    """Train, label, score."""
    train = _train(task, fold, options.data)
    target = load(task, target_of(task, fold, options), options.data)
    target = part(target, sample(target.examples, options.limit, options.seed))
    unlabelled = list(train.examples)
    if path_of(task, "unlabeled", options.data):
        unlabelled = load(task, "unlabeled", options.data).examples
    random.Random(options.seed + fold).shuffle(unlabelled)  # files may be sorted by label
    job = Job(train, unlabelled[:UNLABELLED], dataclasses.replace(target, labels=[]))
    model = adapted(task, options) if METHODS[method].adapted else None
    classifier = made(task, method, fold, options, model)
    METHODS[method].learn(classifier, job)
    classes = sorted({*train.labels, *target.labels})
    figures = evaluate_classification(target.labels, answers(classifier, job.target), labels=classes)
    return {name: figures[name] for name in ("accuracy", "macro_f1", "texts")}


def jobs_of(options: argparse.Namespace) -> list[tuple[str, str, int]]:
    """Task, method and fold of everything that is asked for."""
    return [
        (task, method, fold)
        for task in options.tasks
        for method in options.methods
        if (METHODS[method].choices or not SETS[task].choice)
        and (not METHODS[method].adapted or path_of(task, "unlabeled", options.data))
        for fold in options.folds
    ]


def rows_of(
    results: Results, model: tuple[str, str], options: argparse.Namespace
) -> dict[str, dict[str, list[float]]]:
    """method → task → accuracies, from the lines that these options ask for."""
    found: dict[str, dict[str, list[float]]] = {method: {} for method in options.methods}
    for task, method, fold in jobs_of(options):
        if line := results.find(key_of(task, method, fold, model, options)):
            found[method].setdefault(task, []).append(line["accuracy"])
    return {method: tasks for method, tasks in found.items() if tasks}


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
        + (f" At most {options.limit} texts scored." if options.limit else "")
        + f" zero-shot: less a prior of at most {UNLABELLED:,} unlabelled texts (train_i without labels where a task has none). "
        "p-tuning: rows of soft tokens alone; p-tuning-all: all weights with them; -adapted (p-tuning-all): begins after "
        f"{ADAPT_EPOCHS} passes of masked language modelling over the task's unlabelled texts. Rates and epochs are fixed beforehand, for every "
        "method alike, after trials on dev folds of eprstmt and tnews; no label of a test split took part.",
        "Others: published, on test_public; arXiv 2107.07498 (102 M parameters; EFL was first trained on all of OCNLI or CMNLI) "
        "and PaddleNLP (one fold). Scores are added up again here: the paper prints 43.40 for zero-shot GPT, 52.27 for EFL ERNIE.",
        "The same with those models: `python pipelines/fewclue.py --on test --model hfl/chinese-roberta-wwm-ext` (RoBERTa), "
        "`--model nghuyong/ernie-1.0-base-zh` (ERNIE 1.0); any causal model of the Hub stands where the paper has a GPT.",
    ]
    return "\n\n".join([table(head, rows), *notes])


def cell(figure: tuple[float, float | None] | None) -> str:
    """Mean ± deviation."""
    if figure is None:
        return "–"
    mean, deviation = figure
    return f"{mean:.1f}" if deviation is None else f"{mean:.1f} ± {deviation:.1f}"
