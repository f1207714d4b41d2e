"""The rows of the table of post 7764: each a method from few labelled and many unlabelled reviews to predictions.

P1 to P5 are the post's patterns with its words; the others are ours.  What is fixed here was chosen on valid.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from few_shot_jobs import CALIBRATION_TEXTS, digest, soft_options

from zhnlp.few_shot import PromptClassifier
from zhnlp.few_shot.baselines import ContrastiveClassifier, FineTunedClassifier, bag_of_characters

MAX_LENGTH = 128  # as in the post
SOFT = 8  # trainable tokens of P-tuning

_POST = {1: ["很"], 0: ["不"]}
_OURS = {1: ["好", "满意", "喜欢"], 0: ["差", "失望", "糟糕"]}
TEMPLATES: dict[str, tuple[Any, dict[int, list[str]]]] = {
    "P1": ("{mask}满意。{text}", _POST),
    "P2": ("{text}{mask}满意。", _POST),
    "P3": ("{mask}好。{text}", _POST),
    "P4": ("{mask}理想。{text}", _POST),
    "P5": ("感觉如何？{mask}满意。{text}", _POST),
    "summary": ("{text}。总之，很{mask}。", _OURS),
    "this-time": ("{text}。总之，这次{mask}满意。", _POST),
}


@dataclass(frozen=True)
class Reviews:
    """What a method may learn from.

    Attributes:
        texts, labels: the labelled ones.
        unlabelled: texts of the others.
        everything: all texts with all labels, for the one row that is allowed to see them.
    """

    texts: list[str]
    labels: list[int]
    unlabelled: list[str]
    everything: tuple[list[str], list[int]]

    @classmethod
    def split(cls, texts: list[str], labels: list[int], count: int) -> Reviews:
        """The first ``count`` labelled, the others not."""
        return cls(texts[:count], labels[:count], texts[count:], (texts, labels))


@dataclass(frozen=True)
class Row:
    """One method.

    Attributes:
        run: (reviews, model, template, seed, texts) → labels.
        templates: whether it is asked through templates.
        network: whether it uses the model.
        adapted: whether it begins from the model after unlabelled MLM.
        random: whether its result depends on the seed.
        settings: what else it was given, for the key of its results.
    """

    name: str
    run: Callable[[Reviews, str, str, int, list[str]], Sequence]
    templates: bool = True
    network: bool = True
    adapted: bool = False
    random: bool = True
    settings: dict[str, Any] = field(default_factory=dict)


def prompt(model: str, name: str, seed: int, **options: Any) -> PromptClassifier:
    """The classifier of a template."""
    template, labels = TEMPLATES[name]
    return PromptClassifier(
        template, labels, model=model, max_length=MAX_LENGTH, random_state=seed, **options
    )


def adapted_model(model: str, reviews: Reviews, seed: int, epochs: float, work: Path) -> Path:
    """The folder of the model after masked language modelling on all texts of train; made once.

    It does not depend on a template: raw text is all that is read.
    """
    folder = work / f"adapted-{digest(model)}-{epochs:g}-{seed}"
    if folder.is_dir():
        return folder
    half = folder.with_suffix(".part")
    shutil.rmtree(half, ignore_errors=True)
    classifier = prompt(model, next(iter(TEMPLATES)), seed)
    classifier.adapt([*reviews.texts, *reviews.unlabelled], epochs=epochs).save(half)
    half.rename(folder)
    return folder


def _zero_shot(reviews: Reviews, model: str, name: str, seed: int, texts: list[str]) -> Sequence:
    classifier = prompt(model, name, seed)
    return classifier.calibrate(reviews.unlabelled[:CALIBRATION_TEXTS]).predict(texts)


def _raw(reviews: Reviews, model: str, name: str, seed: int, texts: list[str]) -> Sequence:
    return prompt(model, name, seed, calibration="none").predict(texts)


def _few(options: dict[str, Any], unlabelled: bool = False) -> Callable:
    def run(reviews: Reviews, model: str, name: str, seed: int, texts: list[str]) -> Sequence:
        classifier = prompt(model, name, seed, **options)
        more = reviews.unlabelled if unlabelled else None
        return classifier.fit(reviews.texts, reviews.labels, unlabelled=more).predict(texts)

    return run


def _p_tuning(mode: str, options: dict[str, Any]) -> Callable:
    def run(reviews: Reviews, model: str, name: str, seed: int, texts: list[str]) -> Sequence:
        rates = soft_options(model) if mode == "ptuning" else {}
        classifier = prompt(model, name, seed, mode=mode, **options, **rates)
        classifier.set_params(template=f"{{soft:{SOFT}}}{classifier.template}")
        return classifier.fit(reviews.texts, reviews.labels).predict(texts)

    return run


def _plain(make: Callable[[str, int], Any], everything: bool = False) -> Callable:
    def run(reviews: Reviews, model: str, name: str, seed: int, texts: list[str]) -> Sequence:
        known = reviews.everything if everything else (reviews.texts, reviews.labels)
        return make(model, seed).fit(*known).predict(texts)

    return run


def _fine_tuned(model: str, seed: int) -> FineTunedClassifier:
    return FineTunedClassifier(model, max_length=MAX_LENGTH, random_state=seed)


def _contrastive(model: str, seed: int) -> ContrastiveClassifier:
    return ContrastiveClassifier(model, max_length=MAX_LENGTH, random_state=seed)


PET = {"epochs": 10}
SEMI = {"epochs": 10}
P_TUNING = {"epochs": 40}

_ALL = (
    Row("zero-shot-raw", _raw, random=False),
    Row("zero-shot", _zero_shot, random=False),
    Row("adapted", _zero_shot, adapted=True),
    Row("pet", _few(PET), settings=PET),
    Row("semi-supervised", _few(SEMI, unlabelled=True), adapted=True, settings=SEMI),
    Row("p-tuning", _p_tuning("ptuning", P_TUNING), settings=P_TUNING),
    Row("p-tuning-all", _p_tuning("pet", PET), settings=PET),
    Row("fine-tuning", _plain(_fine_tuned), templates=False),
    Row("contrastive", _plain(_contrastive), templates=False),
    Row(
        "bag-of-characters",
        _plain(lambda model, seed: bag_of_characters()),
        templates=False,
        network=False,
        random=False,
    ),
    Row(
        "bag-of-characters-all",
        _plain(lambda model, seed: bag_of_characters(), everything=True),
        templates=False,
        network=False,
        random=False,
    ),
)
ROWS = {row.name: row for row in _ALL}
