"""What to take off the scores of a zero-shot classifier: nothing, the mean of the texts, or what it says of neutral texts.

    python benchmarks/zero_shot_calibration.py --save          # the shipped model; 4 CPU minutes

Five templates of sentiment on FewCLUE ``eprstmt`` (train and dev folds) and on the first 600 reviews of post 7764's valid set,
three templates of news on the first 600 headlines of ``tnews`` (dev folds); no test set.  Priors:

- none;
- batch: the mean over the texts themselves, which knows how they are distributed;
- neutral: `zhnlp.few_shot.calibration.NEUTRAL`, what ``calibration="content-free"`` does;
- empty: the texts of Zhao et al. 2021 in Chinese, an empty one, 无, 。, …… and a mask.

Accuracy in percent, and its mean over the templates of a task.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from harness.data import find, lines, records
from harness.report import Report, command

from zhnlp.few_shot import PromptClassifier
from zhnlp.few_shot.calibration import NEUTRAL

EMPTY = ("", "无", "。", "……", "[MASK]")
VERY = {"正": ["很"], "负": ["不"]}
SENTIMENT = {
    "{text}。总之，很{mask}。": {"正": ["好", "满意"], "负": ["差"]},
    "{mask}满意。{text}": VERY,
    "{text}。{mask}满意。": VERY,
    "{text}。我{mask}推荐。": VERY,
    "{text}。感觉{mask}。": {"正": ["不错", "很好"], "负": ["很差", "太差"]},
}
SUBJECTS = {
    "story": "故事", "culture": "文化", "entertainment": "娱乐", "sports": "体育", "finance": "财经",
    "house": "房产", "car": "汽车", "edu": "教育", "tech": "科技", "military": "军事", "travel": "旅游",
    "world": "国际", "stock": "股票", "agriculture": "农业", "game": "电竞",
}  # fmt: skip
NEWS = ("下面报道一则{mask}新闻。{text}", "{text}。这是一则{mask}新闻。", "【{mask}】{text}")
PRIORS = ("none", "batch", "neutral", "empty")


def reviews() -> tuple[list[str], list[str]]:
    """Texts and labels of the train and dev folds of eprstmt."""
    rows = []
    for name in ("dev_few_all", "train_few_all"):
        rows += records(find(f"few_shot/fewclue/eprstmt/{name}.jsonl.xz"), "sentence", "label")
    return [row["sentence"] for row in rows], ["正" if row["label"] == "Positive" else "负" for row in rows]


def sentiment(number: int) -> tuple[list[str], list[str]]:
    """The first reviews of post 7764's valid set."""
    rows = [line.rstrip("\n").split("\t") for line in lines(find("few_shot/sentiment/valid.tsv.xz"))][:number]
    return [text for text, _ in rows], ["正" if label == "1" else "负" for _, label in rows]


def headlines(number: int) -> tuple[list[str], list[str]]:
    """The first headlines of the dev folds of tnews."""
    rows = list(records(find("few_shot/fewclue/tnews/dev_few_all.jsonl.xz"), "sentence", "label_desc"))[
        :number
    ]
    return [row["sentence"] for row in rows], [row["label_desc"].removeprefix("news_") for row in rows]


def accuracies(
    model: str, template: str, labels: dict, texts: Sequence[str], gold: Sequence[str]
) -> dict[str, float]:
    """Percent right with each prior."""
    classifier = PromptClassifier(template, labels, model=model, calibration="none", max_length=128)
    scores = classifier.class_scores(texts)
    priors = {"none": np.zeros(scores.shape[1]), "batch": scores.mean(0)}
    for name, neutral in (("neutral", NEUTRAL), ("empty", EMPTY)):
        priors[name] = classifier.class_scores(list(neutral)).mean(0)
    right = np.array(gold)
    return {
        name: 100 * float((classifier.classes_[(scores - prior).argmax(1)] == right).mean())
        for name, prior in priors.items()
    }


def main() -> None:
    parser = command(__doc__)
    parser.add_argument(
        "--model", default="zhnlp-mlm-small", help="shipped name, folder or Hub id (default: %(default)s)"
    )
    options = parser.parse_args()
    report = Report(
        "zero_shot_calibration", {"task": "task", "template": "template", **{name: name for name in PRIORS}}
    )
    tasks = {
        "eprstmt": (reviews(), SENTIMENT),
        "sentiment": (sentiment(600), SENTIMENT),
        "tnews": (headlines(600), dict.fromkeys(NEWS, SUBJECTS)),
    }
    for task, ((texts, gold), templates) in tasks.items():
        found = []
        for template, labels in templates.items():
            found.append(accuracies(options.model, template, labels, texts, gold))
            report.add(task=task, template=template, model=options.model, texts=len(texts), **found[-1])
        means = {name: float(np.mean([row[name] for row in found])) for name in PRIORS}
        report.add(task=task, template="mean", model=options.model, texts=len(texts), **means)
    report.finish(
        options.save, "Accuracy in percent on train, dev and valid folds; nothing was drawn at random."
    )


if __name__ == "__main__":
    main()
