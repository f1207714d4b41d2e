"""The methods that the recipes of few-shot learning compare, each a function from labelled texts to predictions.

A method gets a `Job` and returns one label for each text to score (for a task with candidates, the number of one).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from few_shot_jobs import CALIBRATION_TEXTS, soft_options
from fewclue import Split  # of corpora/, which few_shot_jobs has put first
from fewclue_tasks import Cloze

from zhnlp.few_shot import PromptClassifier
from zhnlp.few_shot.baselines import ContrastiveClassifier, FineTunedClassifier, bag_of_characters


@dataclass
class Job:
    """One training and what is to be scored.

    Attributes:
        cloze: how the task is asked.
        train: labelled examples.
        unlabelled: examples without labels; where a task has none, those of ``train``.
        target: examples to label; its labels are not looked at.
        model: shipped name, folder or Hub id.
        seed: of the fold.
    """

    cloze: Cloze
    train: Split
    unlabelled: list
    target: Split
    model: str
    seed: int
    progress: bool | None = None

    @property
    def places(self) -> dict[str, Any]:
        """What every network is given."""
        options = {"model": self.model, "max_length": self.cloze.max_length}
        return {**options, "random_state": self.seed, "progress": self.progress}


class OneOfSeveral:
    """Choose among candidates with a classifier of texts that tells a rightly filled blank from a wrong one.

    Args:
        classifier: any scikit-learn classifier of texts with ``predict_proba``.
    """

    def __init__(self, classifier: Any):
        self.classifier = classifier

    def fit(self, train: Split) -> OneOfSeveral:
        """Learn from every candidate of every example: 1 for the right one, else 0."""
        texts = filled(train)
        right = [
            int(number == answer)
            for answer, words in zip(train.labels, train.candidates)
            for number in range(len(words))
        ]
        self.classifier.fit(texts, right)
        return self

    def predict(self, target: Split) -> list[int]:
        """The number of the likeliest candidate of each example."""
        chances = self.classifier.predict_proba(filled(target))[:, 1]
        places = np.cumsum([len(words) for words in target.candidates])[:-1]
        return [int(part.argmax()) for part in np.split(chances, places)]


def filled(split: Split) -> list[str]:
    """Every candidate in its blank, example by example."""
    return [
        example["text_a"] + word + example["text_b"]
        for example, words in zip(split.examples, split.candidates)
        for word in words
    ]


def _plain(job: Job, classifier: Any) -> Sequence:
    """Labels by a classifier that knows texts alone."""
    if job.target.candidates is not None:
        return OneOfSeveral(classifier).fit(job.train).predict(job.target)
    return classifier.fit(job.train.examples, job.train.labels).predict(job.target.examples)


def bag(job: Job) -> Sequence:
    return _plain(job, bag_of_characters())


def fine_tuning(job: Job) -> Sequence:
    return _plain(job, FineTunedClassifier(**job.places))


def contrastive(job: Job) -> Sequence:
    """At most 6,720 pairs, as 168 texts have: with a thousand labelled texts each has fewer partners."""
    texts = len(filled(job.train) if job.train.candidates is not None else job.train)
    pairs = max(2, min(40, 6720 // texts))
    return _plain(job, ContrastiveClassifier(pairs=pairs, **job.places))


def _prompt(job: Job, template: Any = None, labels: Any = None, **options: Any) -> PromptClassifier:
    template = job.cloze.template if template is None else template
    template = list(template) if isinstance(template, tuple) else template
    labels = job.cloze.labels if labels is None else labels
    return PromptClassifier(template, labels or None, **job.places, **options)


def _answers(job: Job, classifier: PromptClassifier) -> Sequence:
    if job.target.candidates is not None:
        chosen, _ = classifier.choose(job.target.examples, job.target.candidates)
        return chosen
    return classifier.predict(job.target.examples)


def zero_shot_raw(job: Job) -> Sequence:
    return _answers(job, _prompt(job, calibration="none"))


def zero_shot(job: Job) -> Sequence:
    """With a prior that is measured on unlabelled texts, not on those to score; candidates have theirs of empty texts."""
    classifier = _prompt(job)
    if job.target.candidates is None:
        classifier.calibrate(job.unlabelled[:CALIBRATION_TEXTS])
    return _answers(job, classifier)


def _trained(job: Job, classifier: PromptClassifier, unlabelled: list | None = None) -> Sequence:
    if job.target.candidates is not None:
        classifier.fit_choices(job.train.examples, job.train.candidates, job.train.labels)
    else:
        classifier.fit(job.train.examples, job.train.labels, unlabelled=unlabelled)
    return _answers(job, classifier)


def pet(job: Job, **options: Any) -> Sequence:
    return _trained(job, _prompt(job, epochs=job.cloze.pet_epochs, **options))


def pet_calibrated(job: Job) -> Sequence:
    """PET, then less the prior that it shows on unlabelled texts."""
    classifier = _prompt(job, epochs=job.cloze.pet_epochs)
    if job.target.candidates is not None:
        return _trained(job, classifier)
    classifier.fit(job.train.examples, job.train.labels)
    return _answers(job, classifier.calibrate(job.unlabelled[:CALIBRATION_TEXTS]))


def pet_r_drop(job: Job) -> Sequence:
    return pet(job, r_drop=1.0)


def pet_label_conditioning(job: Job) -> Sequence:
    return pet(job, label_conditioning=1.0)


def pet_unlabelled(job: Job) -> Sequence:
    """PET on the labels, masked language modelling on unlabelled texts beside it."""
    return _trained(job, _prompt(job, epochs=job.cloze.pet_epochs), unlabelled=job.unlabelled)


def p_tuning(job: Job) -> Sequence:
    """The soft tokens learn and nothing else, as post 8295 does with few labels."""
    options = {"mode": "ptuning", "epochs": job.cloze.tuning_epochs, **soft_options(job.model)}
    return _trained(job, _prompt(job, job.cloze.tuned, **options))


def p_tuning_all(job: Job) -> Sequence:
    """The soft tokens learn, and all weights with them, as post 8295 does with many labels."""
    return _trained(job, _prompt(job, job.cloze.tuned, epochs=job.cloze.pet_epochs))


def efl(job: Job) -> Sequence:
    options = {"epochs": job.cloze.efl_epochs}
    return _trained(job, _prompt(job, job.cloze.entailment, job.cloze.described, **options))


METHODS: dict[str, Callable[[Job], Sequence]] = {
    "bag-of-characters": bag,
    "zero-shot-raw": zero_shot_raw,
    "zero-shot": zero_shot,
    "fine-tuning": fine_tuning,
    "contrastive": contrastive,
    "pet": pet,
    "pet-calibrated": pet_calibrated,
    "pet-r-drop": pet_r_drop,
    "pet-label-conditioning": pet_label_conditioning,
    "pet-unlabelled": pet_unlabelled,
    "p-tuning": p_tuning,
    "p-tuning-all": p_tuning_all,
    "efl": efl,
}
_PET = ("template", "labels", "pet_epochs", "max_length")
DEPENDS = {  # what of a `Cloze` a method reads; a result holds as long as that stays
    "bag-of-characters": (),
    "zero-shot-raw": ("template", "labels", "max_length"),
    "zero-shot": ("template", "labels", "max_length"),
    "fine-tuning": ("max_length",),
    "contrastive": ("max_length",),
    "p-tuning": ("tuned", "labels", "tuning_epochs", "max_length"),
    "p-tuning-all": ("tuned", "labels", "pet_epochs", "max_length"),
    "efl": ("entailment", "described", "efl_epochs", "max_length"),
    **dict.fromkeys(
        ("pet", "pet-calibrated", "pet-r-drop", "pet-label-conditioning", "pet-unlabelled"), _PET
    ),
}
DEFAULT = (
    "bag-of-characters",
    "zero-shot-raw",
    "zero-shot",
    "fine-tuning",
    "contrastive",
    "pet",
    "p-tuning",
    "p-tuning-all",
    "efl",
)
