"""The methods that the FewCLUE recipe compares: how each makes a classifier, and what it learns from.

A classifier is one of scikit-learn; of a task with candidates (`chid`) one that chooses, or one of texts that tells a
rightly filled blank from a wrong one.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from fewclue_sets import Split
from fewclue_tasks import Cloze

from zhnlp.few_shot import PromptClassifier
from zhnlp.few_shot.baselines import ContrastiveClassifier, FineTunedClassifier, bag_of_characters

CONTEXT = 90  # characters kept on each side of a blank that is filled
PAIRS = 6720  # of contrastive training at most, as 168 texts have
ADAPT_EPOCHS, ADAPT_RATE = 6, 0.3  # passes and masks of unlabelled MLM, chosen on valid of the sentiment set


@dataclass
class Job:
    """One training and what is to be scored.

    Attributes:
        train: labelled examples.
        unlabelled: examples without labels, in an order drawn by chance; where a task has none, those of ``train``.
        target: examples to label; its labels are not looked at.
    """

    train: Split
    unlabelled: list
    target: Split


@dataclass(frozen=True)
class Method:
    """Attributes:
    make: (cloze, labelled texts, model, seed) → classifier, not yet trained.
    learn: trains it on a `Job`.
    choices: whether it is another method on tasks with candidates too.
    adapted: whether it begins from the model after masked language modelling on the task's unlabelled texts.
    """

    make: Callable[[Cloze, int, str, int], Any]
    learn: Callable[[Any, Job], Any]
    choices: bool = True
    adapted: bool = False


# --- what is learnt from -----------------------------------------------------------------------------------------------


def nothing(classifier: Any, job: Job) -> None:
    """As it is."""


def prior(classifier: Any, job: Job) -> None:
    """What it says of unlabelled texts is taken off; candidates have a prior of neutral texts."""
    if job.target.candidates is None:
        classifier.calibrate(job.unlabelled)


def labels(classifier: Any, job: Job) -> None:
    """The labelled texts."""
    train = job.train
    if train.candidates is None:
        classifier.fit(train.examples, train.labels)
    elif hasattr(classifier, "fit_choices"):
        classifier.fit_choices(train.examples, train.candidates, train.labels)
    else:
        right = [
            int(number == answer)
            for answer, words in zip(train.labels, train.candidates)
            for number in range(len(words))
        ]
        classifier.fit(filled(train), right)


def labels_then_prior(classifier: Any, job: Job) -> None:
    """The labelled texts; then what it says of unlabelled ones is taken off."""
    classifier.fit(job.train.examples, job.train.labels).calibrate(job.unlabelled)


def labels_and_texts(classifier: Any, job: Job) -> None:
    """The labelled texts, and masked language modelling on unlabelled ones beside them."""
    classifier.fit(job.train.examples, job.train.labels, unlabelled=job.unlabelled)


def answers(classifier: Any, target: Split) -> Sequence:
    """A label for each example, or the number of the chosen candidate."""
    if target.candidates is None:
        return classifier.predict(target.examples).tolist()
    if hasattr(classifier, "choose"):
        return classifier.choose(target.examples, target.candidates).picked
    chances = classifier.predict_proba(filled(target))[:, 1]
    places = np.cumsum([len(words) for words in target.candidates])[:-1]
    return [int(part.argmax()) for part in np.split(chances, places)]


def filled(split: Split) -> list[str]:
    """Every candidate in its blank, example by example, with the text around it."""
    return [
        example["text_a"][-CONTEXT:] + word + example["text_b"][:CONTEXT]
        for example, words in zip(split.examples, split.candidates)
        for word in words
    ]


# --- the methods -------------------------------------------------------------------------------------------------------


def _bag(asked: Cloze, texts: int, model: str, seed: int) -> Any:
    return bag_of_characters()


def _fine_tuned(asked: Cloze, texts: int, model: str, seed: int) -> Any:
    return FineTunedClassifier(model, max_length=asked.max_length, random_state=seed)


def _contrastive(asked: Cloze, texts: int, model: str, seed: int) -> Any:
    pairs = max(2, min(40, PAIRS // texts))
    return ContrastiveClassifier(model, pairs=pairs, max_length=asked.max_length, random_state=seed)


def _prompt(
    asked: Cloze,
    texts: int,
    model: str,
    seed: int,
    template: str = "template",
    words: str = "labels",
    epochs: str = "pet_epochs",
    **options: Any,
) -> PromptClassifier:
    """``template``, ``words`` and ``epochs`` are fields of the cloze."""
    sources, described = getattr(asked, template), getattr(asked, words)
    return PromptClassifier(
        list(sources) if isinstance(sources, tuple) else sources,
        described or None,
        model=model,
        max_length=asked.max_length,
        random_state=seed,
        epochs=getattr(asked, epochs),
        **options,
    )


_TUNED = {"template": "tuned", "epochs": "tuning_epochs"}
_ENTAILMENT = {"template": "entailment", "words": "described", "epochs": "efl_epochs"}
METHODS = {
    "bag-of-characters": Method(_bag, labels),
    "zero-shot-raw": Method(partial(_prompt, calibration="none"), nothing),
    "zero-shot": Method(_prompt, prior),
    "fine-tuning": Method(_fine_tuned, labels),
    "contrastive": Method(_contrastive, labels),
    "pet": Method(_prompt, labels),
    "pet-calibrated": Method(_prompt, labels_then_prior, choices=False),
    "pet-r-drop": Method(partial(_prompt, r_drop=1.0), labels),
    "pet-label-conditioning": Method(partial(_prompt, label_conditioning=1.0), labels),
    "pet-unlabelled": Method(_prompt, labels_and_texts, choices=False),
    "p-tuning": Method(
        partial(_prompt, mode="ptuning", **_TUNED), labels
    ),  # rows alone, post 8295 with few labels
    "p-tuning-all": Method(
        partial(_prompt, template="tuned"), labels
    ),  # and all weights, as with many labels
    "efl": Method(partial(_prompt, **_ENTAILMENT), labels),
    "zero-shot-adapted": Method(_prompt, prior, choices=False, adapted=True),
    "fine-tuning-adapted": Method(_fine_tuned, labels, choices=False, adapted=True),
    "pet-adapted": Method(_prompt, labels, choices=False, adapted=True),
    "p-tuning-adapted": Method(partial(_prompt, template="tuned"), labels, choices=False, adapted=True),
}
DEFAULT = (
    *("bag-of-characters", "zero-shot-raw", "zero-shot", "fine-tuning", "contrastive"),
    *("pet", "p-tuning", "p-tuning-all", "efl"),
    *("zero-shot-adapted", "fine-tuning-adapted", "pet-adapted", "p-tuning-adapted"),
)


def adapted_model(model: str, texts: list[str], max_length: int, folder: Path) -> str:
    """The folder of a model after masked language modelling on texts without labels; made once."""
    if not folder.is_dir():
        half = folder.with_suffix(".part")
        shutil.rmtree(half, ignore_errors=True)
        classifier = PromptClassifier(
            "{text}{mask}", model=model, max_length=max_length, mlm_rate=ADAPT_RATE, random_state=0
        ).adapt(texts, epochs=ADAPT_EPOCHS)
        network, tokenizer, _ = classifier._network(exact=True)
        network.save_pretrained(half)
        tokenizer.save_pretrained(half)
        half.rename(folder)
    return str(folder)


def parameters_of(classifier: Any) -> dict[str, Any]:
    """All that a classifier was told, as json keeps it; not which model it has and where it runs."""
    found = {
        name: _plain(value)
        for name, value in classifier.get_params().items()
        if name not in ("model", "tokenizer", "device", "progress")
    }
    return json.loads(json.dumps({"kind": type(classifier).__name__, **found}))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if isinstance(value, (str, int, float, type(None))) else type(value).__name__
