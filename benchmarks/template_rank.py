"""Does the rank of `suggest_templates`, which needs no label, go with accuracy?

    python benchmarks/template_rank.py --save                 # the shipped model; 12 CPU minutes
    python benchmarks/template_rank.py --task eprstmt         # one task
    python benchmarks/template_rank.py --model owner/name     # any masked model

For each task the templates of its family are read on ``--sample`` unlabelled texts, with the label words as they are given,
with the other words that are known for 正面 and 负面, and with the words that the model finds.  Each template with each set
of words is a candidate: it gets the numbers of `suggest_templates`, and an accuracy on labelled texts, calibrated with the
unlabelled ones.  ``Spearman``: rank correlation over candidates of a number with the accuracy.  ``best``: accuracy of the first
candidate, and of `Suggestions.classifier`, the ensemble of the best three templates; beside them the mean of all candidates and the
best of all, which nobody knows without labels.

Tasks: FewCLUE eprstmt and tnews (``unlabeled`` → the dev sets of all five folds, each also by itself for the spread) and the
reviews of post 7764 (texts of train without their labels → the first 600 of valid).  No test set is read.
"""

from __future__ import annotations

import json
import lzma
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from harness.data import find, records
from harness.report import Report, command
from scipy.stats import spearmanr

from zhnlp.few_shot import suggest_templates
from zhnlp.few_shot.label_words import Pool
from zhnlp.few_shot.network import Network
from zhnlp.few_shot.scoring import label_scores
from zhnlp.few_shot.template_ranking import TemplateReader
from zhnlp.mining.progress import Progress

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "corpora"))

from fewclue_sets import NEWS

FEWCLUE = "few_shot/fewclue"
NUMBERS = ("agreement", "mutual_information", "confidence", "balance")


class Data(NamedTuple):
    """Labels, a family of templates, texts without labels, and texts with them in parts whose accuracy is also said apart."""

    labels: dict[str, list[str]]
    family: str
    unlabelled: list[str]
    texts: list[str]
    targets: list[str]
    parts: list[int]


def eprstmt(sample: int) -> Data:
    names = {"Positive": "正面", "Negative": "负面"}
    return _fewclue(
        "eprstmt", "sentiment", sample, {"正面": ["好"], "负面": ["差"]}, lambda row: names[row["label"]]
    )


def tnews(sample: int) -> Data:
    labels = {name: [name] for name in sorted(NEWS.values())}
    return _fewclue("tnews", "topic", sample, labels, lambda row: NEWS[int(row["label"])])


def reviews(sample: int) -> Data:
    """The set of post 7764."""
    folder = find("few_shot/sentiment/train.tsv.xz").parent
    train, valid = (_tabs(folder / f"{name}.tsv.xz") for name in ("train", "valid"))
    rows = list(islice(valid, 600))
    names = {"1": "正面", "0": "负面"}
    return Data(
        {"正面": ["好"], "负面": ["差"]},
        "sentiment",
        [text for text, _ in islice(train, sample)],
        [text for text, _ in rows],
        [names[label] for _, label in rows],
        [number // 120 for number in range(len(rows))],
    )


TASKS: dict[str, Callable[[int], Data]] = {"eprstmt": eprstmt, "reviews": reviews, "tnews": tnews}


def _fewclue(name: str, family: str, sample: int, labels: dict, target: Callable[[dict], str]) -> Data:
    folder = find(f"{FEWCLUE}/{name}/unlabeled.jsonl.xz").parent
    unlabelled = [
        row["sentence"] for row in islice(records(folder / "unlabeled.jsonl.xz", "sentence"), sample)
    ]
    texts, targets, parts = [], [], []
    for fold in range(5):
        for row in records(folder / f"dev_{fold}.jsonl.xz", "sentence", "label"):
            texts.append(row["sentence"])
            targets.append(target(row))
            parts.append(fold)
    return Data(labels, family, unlabelled, texts, targets, parts)


def _tabs(path: Path) -> Any:
    with lzma.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            text, _, label = line.rstrip("\n").rpartition("\t")
            yield text, label


def hits_of(found: Sequence[dict], data: Data, network: Network) -> np.ndarray:
    """(K, N) whether each labelled text gets its label by each candidate, calibrated with the unlabelled texts.

    Each text is read once in a template, for the words of all candidates; the ensemble of `Suggestions.classifier` below is
    read by the classifier itself.
    """
    sources = list(dict.fromkeys(row["template"] for row in found))
    words = list(dict.fromkeys(w for row in found for group in row["labels"].values() for w in group))
    reader = TemplateReader(sources, [*data.unlabelled, *data.texts], network, Progress(None))
    read = reader.read(reader.examples, Pool.of(words, network.tokenizer))  # (T, N, W)
    where = {word: place for place, word in enumerate(words)}
    hits = []
    for row in found:
        places = [where[word] for group in row["labels"].values() for word in group]
        owners = np.repeat(np.arange(len(row["labels"])), [len(group) for group in row["labels"].values()])
        scores = label_scores(read[sources.index(row["template"])][:, places], owners, len(row["labels"]))
        scores = scores[len(data.unlabelled) :] - scores[: len(data.unlabelled)].mean(0)
        hits.append(np.array(list(row["labels"]))[scores.argmax(1)] == np.array(data.targets))
    return np.array(hits)


def ensemble_hits(classifier: Any, data: Data) -> np.ndarray:
    """(N,) the same of a classifier."""
    classifier.calibrate(data.unlabelled)
    return classifier.predict(data.texts) == np.array(data.targets)


def fold_spread(hits: np.ndarray, parts: list[int]) -> float:
    """Standard deviation over the parts."""
    numbers = np.array(parts)
    return float(np.std([hits[numbers == part].mean() for part in sorted(set(parts))], ddof=1))


def main() -> None:
    parser = command(__doc__, seed=0)
    parser.add_argument("--task", choices=(*TASKS, "all"), default="all")
    parser.add_argument(
        "--model", default="zhnlp-mlm-small", help="shipped name, folder or Hub id (default: %(default)s)"
    )
    parser.add_argument("--sample", type=int, default=200, help="unlabelled texts (default: %(default)s)")
    parser.add_argument("--find", type=int, default=8, help="words found for a label (default: %(default)s)")
    parser.add_argument("--candidates", type=Path, help="file to write every candidate to, as JSON lines")
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    report = Report(
        "template_rank",
        {
            "task": "task", "words": "words", "candidates": "candidates", "agreement ρ": "rho_agreement",
            "information ρ": "rho_mutual_information", "confidence ρ": "rho_confidence", "balance ρ": "rho_balance",
            "mean": "mean", "first": "first", "first by information": "first_by_information", "best three": "ensemble",
            "best of all": "best",
        },
    )  # fmt: skip
    kept = []
    for task in TASKS if options.task == "all" else [options.task]:
        kept += [{"task": task, **row} for row in measure(report, task, TASKS[task](options.sample), options)]
    if options.candidates is not None:
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in kept)
        options.candidates.write_text("".join(lines), "utf-8")
    report.finish(
        options.save,
        f"{options.model}, {options.sample} unlabelled texts a task, seed {options.seed}. ρ: Spearman's rank correlation with accuracy over "
        "candidates (templates × sets of words). Accuracies on dev (tnews, eprstmt: five folds) and valid; fold spread in the JSON "
        "lines.",
    )


def measure(report: Report, task: str, data: Data, options: Any) -> list[dict]:
    """A line for all candidates of a task and one for each set of words; the candidates themselves."""
    found = suggest_templates(
        data.labels,
        data.unlabelled,
        templates=data.family,
        find=options.find,
        model=options.model,
        sample=options.sample,
        top_k=None,
        random_state=options.seed,
    )
    network = Network(options.model, max_length=128)
    rows = [{**row, "hits": hits} for row, hits in zip(found, hits_of(found, data, network))]
    hits = ensemble_hits(found.classifier(top=3, model=options.model, max_length=128, progress=False), data)
    for name in ["all", *dict.fromkeys(row["words"] for row in rows)]:
        some = [row for row in rows if name in ("all", row["words"])]
        accuracy = np.array([row["hits"].mean() for row in some])
        by_information = int(np.argmax([row["mutual_information"] for row in some]))
        rho = {f"rho_{key}": float(spearmanr([row[key] for row in some], accuracy)[0]) for key in NUMBERS}
        report.add(
            task=task,
            words=name,
            candidates=len(some),
            **rho,
            mean=float(accuracy.mean()),
            first=float(accuracy[0]),
            first_spread=fold_spread(some[0]["hits"], data.parts),
            first_template=some[0]["template"],
            first_words=some[0]["labels"],
            first_by_information=float(accuracy[by_information]),
            ensemble=float(hits.mean()) if name == "all" else None,
            ensemble_spread=fold_spread(hits, data.parts) if name == "all" else None,
            best=float(accuracy.max()),
            texts=len(data.texts),
            unlabelled=len(data.unlabelled),
            model=options.model,
            seed=options.seed,
            torch=version("torch"),
            transformers=version("transformers"),
        )
    return [{**row, "hits": None, "accuracy": float(row["hits"].mean())} for row in rows]


if __name__ == "__main__":
    main()
