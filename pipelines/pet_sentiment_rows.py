"""The rows of the table of post 7764: how each makes a classifier, what it learns from, and how its template is chosen.

P1 to P5 are the post's patterns with its words; the others are ours.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from few_shot_jobs import digest

from zhnlp.few_shot import PromptClassifier
from zhnlp.few_shot.baselines import ContrastiveClassifier, FineTunedClassifier, bag_of_characters
from zhnlp.few_shot.template_ranking import FEWEST, agreement_of, row_of
from zhnlp.few_shot.training.selection import choose_by_folds

PRIOR_TEXTS = 1000  # unlabelled texts that a prior is measured on
RANKED_TEXTS = 500  # unlabelled texts that templates are ranked on
MAX_LENGTH = 128  # as in the post
SOFT = 8  # trainable tokens of P-tuning
ADAPT_RATE = 0.3  # masks of unlabelled MLM, as in the pre-training of zhnlp-mlm-small

_POST = {1: ["很"], 0: ["不"]}
_OURS = {1: ["好", "满意", "喜欢"], 0: ["差", "失望", "糟糕"]}
TEMPLATES: dict[str, tuple[str, dict[int, list[str]]]] = {
    "P1": ("{mask}满意。{text}", _POST),
    "P2": ("{text}{mask}满意。", _POST),
    "P3": ("{mask}好。{text}", _POST),
    "P4": ("{mask}理想。{text}", _POST),
    "P5": ("感觉如何？{mask}满意。{text}", _POST),
    "this-time": ("{text}。总之，这次{mask}满意。", _POST),
    "summary": ("{text}。总之，很{mask}。", _OURS),
}


@dataclass(frozen=True)
class Reviews:
    """What a method may learn from.

    Attributes:
        texts, labels: the labelled ones.
        unlabelled: texts of the others, in an order drawn by chance.
        everything: all texts with all labels, for the one row that is allowed to see them.
    """

    texts: list[str]
    labels: list[int]
    unlabelled: list[str]
    everything: tuple[list[str], list[int]]

    @classmethod
    def split(cls, texts: list[str], labels: list[int], count: int) -> Reviews:
        """The first ``count`` labelled, the others not."""
        others = texts[count:]
        random.Random(0).shuffle(others)
        return cls(texts[:count], labels[:count], others, (texts, labels))


@dataclass(frozen=True)
class Row:
    """One method.

    Attributes:
        make: (model, template, seed) → classifier, not yet trained; the template is "" where there is none.
        learn: trains it on `Reviews`.
        chosen: how its template is: "labels" by folds inside those given, "texts" without labels, "" where it has none.
        network: whether it uses the model.
        adapted: whether it begins from the model after unlabelled MLM.
        random: whether its result depends on the seed.
        everywhere: whether it is run with every template, else with the chosen one alone.
    """

    make: Callable[[str, str, int], Any]
    learn: Callable[[Any, Reviews], Any]
    chosen: str = "labels"
    network: bool = True
    adapted: bool = False
    random: bool = True
    everywhere: bool = True


class Ensemble:
    """A classifier for each template, trained apart, their log-probabilities averaged: PET as its authors use it.

    Source: Schick and Schütze 2020, https://arxiv.org/abs/2001.07676
    """

    def __init__(self, members: dict[str, PromptClassifier]):
        self.members = members

    def get_params(self) -> dict[str, Any]:
        """Template → what its classifier was told."""
        hidden = ("model", "tokenizer", "device", "progress")
        return {
            name: {key: value for key, value in member.get_params().items() if key not in hidden}
            for name, member in self.members.items()
        }

    def fit(self, texts: list[str], labels: list[int], **unlabelled: Any) -> Ensemble:
        """Each on the same texts."""
        for member in self.members.values():
            member.fit(texts, labels, **unlabelled)
        return self

    def predict(self, texts: list[str]) -> np.ndarray:
        """The likeliest label of each text, (N,)."""
        members = list(self.members.values())
        likely = np.mean([member.predict_log_proba(texts) for member in members], axis=0)  # (N, C)
        return members[0].classes_[likely.argmax(1)]


# --- what is learnt from -----------------------------------------------------------------------------------------------


def nothing(classifier: Any, reviews: Reviews) -> None:
    """As it is."""


def prior(classifier: Any, reviews: Reviews) -> None:
    """What it says of unlabelled reviews is taken off."""
    classifier.calibrate(reviews.unlabelled[:PRIOR_TEXTS])


def labels(classifier: Any, reviews: Reviews) -> None:
    """The labelled reviews."""
    classifier.fit(reviews.texts, reviews.labels)


def labels_and_texts(classifier: Any, reviews: Reviews) -> None:
    """The labelled reviews, and masked language modelling on the others beside them."""
    classifier.fit(reviews.texts, reviews.labels, unlabelled=reviews.unlabelled)


def all_labels(classifier: Any, reviews: Reviews) -> None:
    """Every review of train with its label."""
    classifier.fit(*reviews.everything)


# --- classifiers -------------------------------------------------------------------------------------------------------


def prompt(model: str, name: str, seed: int, soft: int = 0, **options: Any) -> PromptClassifier:
    """The classifier of a template, with ``soft`` trainable tokens before it."""
    template, words = TEMPLATES[name]
    template = f"{{soft:{soft}}}{template}" if soft else template
    return PromptClassifier(template, words, model=model, max_length=MAX_LENGTH, random_state=seed, **options)


def ensemble(model: str, name: str, seed: int, **options: Any) -> Ensemble:
    """One classifier for each template."""
    return Ensemble({name: prompt(model, name, seed, **options) for name in TEMPLATES})


def _fine_tuned(model: str, name: str, seed: int, pooling: str = "mean") -> FineTunedClassifier:
    return FineTunedClassifier(model, pooling=pooling, max_length=MAX_LENGTH, random_state=seed)


def _contrastive(model: str, name: str, seed: int) -> ContrastiveClassifier:
    return ContrastiveClassifier(model, max_length=MAX_LENGTH, random_state=seed)


def _bag(model: str, name: str, seed: int) -> Any:
    return bag_of_characters()


def adapted_model(model: str, reviews: Reviews, epochs: float, work: Path) -> Path:
    """The folder of the model after masked language modelling on all texts of train; made once, for all seeds.

    It does not depend on a template: raw text is all that is read.
    """
    folder = work / f"adapted-{digest(model)}-{len(reviews.everything[0])}-{epochs:g}"
    if folder.is_dir():
        return folder
    half = folder.with_suffix(".part")
    shutil.rmtree(half, ignore_errors=True)
    classifier = prompt(model, next(iter(TEMPLATES)), 0, mlm_rate=ADAPT_RATE)
    classifier.adapt(reviews.everything[0], epochs=epochs)
    network, tokenizer, _ = classifier._network(exact=True)
    network.save_pretrained(half)
    tokenizer.save_pretrained(half)
    half.rename(folder)
    return folder


PET = {"epochs": 20}
CHOOSING = {"epochs": 10}  # of the many trainings that choose a template
ROWS = {
    "zero-shot-raw": Row(partial(prompt, calibration="none"), nothing, chosen="texts", random=False),
    "zero-shot": Row(prompt, prior, chosen="texts", random=False),
    "adapted": Row(prompt, prior, chosen="texts", adapted=True, random=False),
    "pet": Row(partial(prompt, **PET), labels),
    "pet-ensemble": Row(partial(ensemble, **PET), labels, chosen=""),
    "semi-supervised": Row(partial(prompt, **PET), labels_and_texts, adapted=True),
    "semi-supervised-ensemble": Row(partial(ensemble, **PET), labels_and_texts, chosen="", adapted=True),
    "p-tuning": Row(partial(prompt, soft=SOFT, mode="ptuning", epochs=40), labels, everywhere=False),
    "p-tuning-all": Row(partial(prompt, soft=SOFT, **PET), labels, everywhere=False),
    "fine-tuning": Row(_fine_tuned, labels, chosen=""),
    "fine-tuning-cls": Row(partial(_fine_tuned, pooling="cls"), labels, chosen=""),
    "fine-tuning-adapted": Row(_fine_tuned, labels, chosen="", adapted=True),
    "contrastive": Row(_contrastive, labels, chosen=""),
    "bag-of-characters": Row(_bag, labels, chosen="", network=False, random=False),
    "bag-of-characters-all": Row(_bag, all_labels, chosen="", network=False, random=False),
}


# --- templates, chosen with nothing more than the rows are given -------------------------------------------------------


def chosen_by_texts(model: str, names: list[str], reviews: Reviews) -> dict[str, Any]:
    """The template that ranks first on unlabelled reviews, each with its own words, by the numbers of `suggest_templates`."""
    if len(names) == 1:
        return {"template": names[0], "ranked": []}
    texts = reviews.unlabelled[:RANKED_TEXTS]
    scores = [
        prompt(model, name, 0, calibration="batch").class_scores(texts) for name in names
    ]  # (N, C) each
    agreement = agreement_of(np.stack(scores), len(names))
    rows = [
        row_of(*(TEMPLATES[name][0], name, TEMPLATES[name][1]), texts, found, agreed)
        for name, found, agreed in zip(names, scores, agreement)
    ]
    key = "agreement" if len(names) >= FEWEST else "mutual_information"
    ranked = sorted(([row["words"], row[key]] for row in rows), key=lambda pair: -pair[1])
    return {"template": ranked[0][0], "ranked": ranked}


def chosen_by_labels(model: str, names: list[str], reviews: Reviews) -> dict[str, Any]:
    """The template with which PET does best on four folds inside the labelled reviews, and what each did."""
    texts, classes = np.array(reviews.texts, object), np.array(reviews.labels)

    def predict(name: str, train: np.ndarray, held: np.ndarray) -> np.ndarray:
        classifier = prompt(model, name, 0, **CHOOSING).fit(texts[train].tolist(), classes[train].tolist())
        return classifier.predict_log_proba(texts[held].tolist())

    best, tried = choose_by_folds(names, predict, classes)
    return {"template": best, "accuracy": {one.candidate: round(one.accuracy, 4) for one in tried}}
