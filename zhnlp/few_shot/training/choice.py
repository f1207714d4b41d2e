"""Training for choice tasks, where every text has candidates of its own (CHID, WSC)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zhnlp.few_shot.network import FittedWeights
from zhnlp.few_shot.prompt import encode_bare
from zhnlp.few_shot.training.fit import Fitting, check
from zhnlp.few_shot.training.samples import Labelled


def fit_choices(
    classifier: Any,
    examples: Sequence[Mapping[str, str]],
    candidates: Sequence[Sequence[str]],
    answers: Sequence[int],
) -> FittedWeights:
    """The weights that texts with a right candidate give; called by `PromptClassifier.fit_choices`.

    The slot wants the right candidate; with ``{label}`` templates the candidates are the descriptions.

    Args:
        answers: (N,) number of the right candidate of each text.

    Raises:
        ValueError: ``epochs="cv"``, ``soft_labels`` or ``rounds``, which need classes that are the same for all texts.
    """
    check(classifier)
    if classifier.epochs == "cv" or classifier.soft_labels or classifier.rounds > 1:
        raise ValueError(
            f"epochs={classifier.epochs!r}, soft_labels={classifier.soft_labels}, rounds={classifier.rounds}: expected a number of "
            "epochs, False and 1, since candidates differ from text to text and have no classes"
        )
    tokenizer = classifier.network_.tokenizer
    samples = [
        choice_sample(example, words, answer, tokenizer)
        for example, words, answer in zip(examples, candidates, answers, strict=True)
    ]
    longest = max(len(word) for sample in samples for own in sample.words for word in own)
    return Fitting.of(classifier, longest=longest).train(samples)


def choice_sample(example: Mapping[str, str], words: Sequence[str], answer: int, tokenizer: Any) -> Labelled:
    """A text whose classes are its own candidates."""
    return Labelled(
        example,
        tuple(np.eye(len(words))[answer].tolist()),
        words=tuple((tuple(encode_bare(tokenizer, word)),) for word in words),
        descriptions=tuple((word,) for word in words),
    )
