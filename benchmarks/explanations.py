"""Explanations of review classifiers: how well scores add up, how faithful they are, what they cost.

    python benchmarks/explanations.py --save                  # the shipped model, zero-shot and fine-tuned; 20 CPU minutes
    python benchmarks/explanations.py --texts 10              # a look

Classifiers: `PromptClassifier` with no label, and `FineTunedClassifier` on the first 168 of sentiment/train.  Texts: the
first ``--texts`` of sentiment/valid with 8 to 60 characters, each explained for the label that the classifier chooses.
``error``: completeness error of the logit at 50 points, median and largest; other methods promise no sum.  ``deletion`` (less
is better) and ``insertion`` (more): the mean probability of that label while tokens are taken away or put back, best first;
one ruler for all rows, [MASK] in their place.  ``random``: mean of five random orders.  CPU seconds a text are of the
explanation alone, float32, one thread.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from harness.data import find
from harness.report import Report, command
from sentiment import reviews

from zhnlp.attribution import Explainer, measure_faithfulness
from zhnlp.few_shot import PromptClassifier
from zhnlp.few_shot.baselines.fine_tuned import FineTunedClassifier
from zhnlp.tokenizers.words import JiebaWords

LABELS = {1: ["好", "满意"], 0: ["差"]}
ROWS = [
    *(("integrated-gradients", baseline) for baseline in ("pad", "mask", "zero", "mean")),
    ("gradient-x-input", "pad"),
    ("gradient", "pad"),
    ("occlusion", "pad"),
    ("occlusion", "mask"),
]


def classifiers(seed: int) -> dict[str, Any]:
    """Name → classifier."""
    texts, labels = reviews(find("few_shot/sentiment/train.tsv.xz"))
    tuned = FineTunedClassifier(random_state=seed, device="cpu", progress=False).fit(
        texts[:168], labels[:168]
    )
    return {"zero-shot": PromptClassifier(labels=LABELS, device="cpu", progress=False), "fine-tuned": tuned}


def measure(classifier: Any, texts: list[str], method: str, baseline: str, seed: int) -> dict[str, float]:
    """One row."""
    options = {"baseline": baseline, "words": JiebaWords()}
    explainer = Explainer(classifier, method=method, **options)
    ruler = Explainer(classifier, output="probability", **{**options, "baseline": "mask"})
    begin = time.process_time()
    errors = [explainer.explain(text)["completeness_error"] for text in texts]
    seconds = (time.process_time() - begin) / len(texts)
    found = measure_faithfulness(explainer, texts, ruler=ruler, seed=seed)
    if method == "integrated-gradients":
        found |= {"median_error": float(np.median(errors)), "largest_error": max(errors)}
    return {**found, "cpu_seconds": seconds}


def main() -> None:
    parser = command(__doc__, seed=0)
    parser.add_argument("--texts", type=int, default=20, help="reviews to explain (default: %(default)s)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    report = Report(
        "explanations",
        {
            "method, baseline": lambda line: f"{line['classifier']}: {line['method']}, {line['baseline']}",
            "error, median": "median_error",
            "largest": "largest_error",
            "deletion": "deletion",
            "random": "random_deletion",
            "insertion": "insertion",
            "random ": "random_insertion",
            "CPU s a text": "cpu_seconds",
        },
    )
    valid, _ = reviews(find("few_shot/sentiment/valid.tsv.xz"))
    texts = [text for text in valid if 8 <= len(text) <= 60][: options.texts]
    for name, classifier in classifiers(options.seed).items():
        for method, baseline in ROWS:
            report.add(
                classifier=name,
                method=method,
                baseline=baseline,
                texts=len(texts),
                seed=options.seed,
                **measure(classifier, texts, method, baseline, options.seed),
            )
    report.finish(options.save)


if __name__ == "__main__":
    main()
