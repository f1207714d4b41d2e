"""What `fit`, `adapt` and `calibrate` of a classifier do: check what was given, hand it to the training, keep the result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

import numpy as np

from zhnlp.few_shot.base_model import check_unfitted
from zhnlp.few_shot.calibration import prior_of
from zhnlp.few_shot.choice import check_candidates
from zhnlp.few_shot.classifier_state import ClassifierState, check_calibration
from zhnlp.few_shot.examples import examples_of

PRIOR_TEXTS = 1000  # of those that `adapt` was given


def fit(classifier: Any, X: Any, y: Any, unlabelled: Any = None) -> None:
    """`PromptClassifier.fit`."""
    from zhnlp.few_shot.training.fit import fit_prompts

    before = _before(classifier)
    examples, labels = examples_of(X, before.fields), _labels(y)
    _check_lengths("y", examples, labels)
    state = ClassifierState(classifier, _distinct(labels) if classifier.labels is None else None, before)
    check_unfitted(state.base)
    numbers = {label: number for number, label in enumerate(state.scorer.verbalizer.classes)}
    if unknown := [label for label in labels if label not in numbers]:
        strange = unknown[0]
        written = {str(label): label for label in numbers}
        near = [written[name] for name in get_close_matches(str(strange), list(written), 1)]
        raise ValueError(
            f"y has the label {strange!r}, which is none of {', '.join(map(repr, list(numbers)[:8]))}{' …' * (len(numbers) > 8)}: "
            f"expected a member of labels.{f' Likely {near[0]!r} is meant.' if near else ''} Next: write the same in y and in labels, "
            f"or labels={{…, {strange!r}: ['…']}}"
        )
    if missing := [label for label in numbers if label not in set(labels)]:
        _check_classes(state, examples[0], labels[0], missing)
    more = None if unlabelled is None else examples_of(unlabelled, state.fields)
    targets = np.array([numbers[label] for label in labels])
    with _reading(classifier, state):
        state.fit(fit_prompts(classifier, examples, targets, more))


def fit_choices(classifier: Any, X: Any, candidates: Sequence[Sequence[str]], answers: Sequence[int]) -> None:
    """`PromptClassifier.fit_choices`."""
    from zhnlp.few_shot.training.choice import fit_choices as train

    before = _before(classifier)
    examples = examples_of(X, before.fields)
    words = check_candidates(examples, candidates)
    numbers = [int(answer) for answer in answers]
    _check_lengths("answers", examples, numbers)
    for place, (answer, choice) in enumerate(zip(numbers, words)):
        if not 0 <= answer < len(choice):
            raise ValueError(
                f"answer {place} is {answer}: expected 0 to {len(choice) - 1}, the number of a candidate of its text. Likely they "
                "are counted from 1. Next: [answer - 1 for answer in answers]"
            )
    state = ClassifierState(classifier, before.labels, before)
    check_unfitted(state.base)
    with _reading(classifier, state):
        state.fit(train(classifier, examples, words, numbers))


def adapt(classifier: Any, unlabelled: Any, epochs: float) -> None:
    """`PromptClassifier.adapt`."""
    from sklearn.utils import check_random_state

    from zhnlp.few_shot.training.adaptation import adapt as train

    before = _before(classifier)
    examples = examples_of(unlabelled, before.fields)
    if not examples:
        raise ValueError(
            "there are no unlabelled texts: expected one or more to adapt to. Next: adapt(texts)"
        )
    state = ClassifierState(classifier, None, before)
    check_unfitted(state.base)
    with _reading(classifier, state):
        state.adapt(train(classifier, examples, epochs=epochs))
    if state.scorer.verbalizer is None or any(template.soft for template in state.scorer.templates):
        return
    order = check_random_state(classifier.random_state).permutation(len(examples))[:PRIOR_TEXTS]
    state.prior = prior_of(state.scores([examples[number] for number in sorted(order)]))


def calibrate(classifier: Any, texts: Any) -> None:
    """`PromptClassifier.calibrate`."""
    state = classifier._state()
    examples = examples_of(texts, state.fields)
    if len(examples) < 2:
        raise ValueError(
            f"got {len(examples)} text{'s' * (not examples)} to calibrate with: expected several, of all classes alike. Next: a "
            "hundred unlabelled texts"
        )
    state.prior = prior_of(state.scores(examples, classifier._bars()))


def _before(classifier: Any) -> ClassifierState:
    """The state that a training begins from."""
    check_calibration(classifier.calibration)
    made = classifier.__dict__.get("_made")
    if made is None or made.fits(classifier):
        return classifier._state()
    return made.remade(classifier, to_learn=True)


def _check_classes(state: ClassifierState, example: Any, label: Any, missing: Sequence[Any]) -> None:
    """Refuse a training on one class, after which all texts are of it; ``missing`` are those that do not occur.

    Raises:
        ValueError: all classes but one are missing.
    """
    verbalizer, template = state.scorer.verbalizer, state.scorer.templates[0]
    if len(verbalizer.classes) - len(missing) > 1:
        return
    word = next(word for number, word, _ in verbalizer.words if verbalizer.classes[number] == label)
    shown = template.render(example, label=word) if template.has_label else template.render(example, word)
    raise ValueError(
        f"y has the label {label!r} alone, and no text of {', '.join(map(repr, missing[:8]))}{' …' * (len(missing) > 8)}: every text "
        f"would be trained to read as {shown!r} does. Expected texts of two labels or more. Likely the texts are sorted and were "
        f"cut. Next: add texts of {missing[0]!r}, or none at all: without fit the label words do the work"
    )


@contextmanager
def _reading(classifier: Any, state: ClassifierState) -> Iterator[None]:
    """A training reads the classifier as ``state`` has it; one that fails leaves the classifier as it was."""
    before = classifier.__dict__.get("_made")
    classifier._made = state
    try:
        yield
    except BaseException:
        classifier._made = before
        raise


def _labels(y: Any) -> list[Any]:
    if isinstance(y, (str, bytes)):
        raise TypeError(
            f"y is one {type(y).__name__}: expected a list of labels, one for each text. Next: [{y!r}]"
        )
    if not isinstance(y, Iterable):
        raise TypeError(
            f"y is {y!r} ({type(y).__name__}): expected a list of labels, one for each text. Next: fit(texts, labels); for texts "
            "without labels adapt(texts)"
        )
    listed = y.tolist() if hasattr(y, "tolist") else list(y)
    return [label.item() if hasattr(label, "item") else label for label in listed]


def _distinct(labels: Sequence[Any]) -> list[Any]:
    return list(dict.fromkeys(labels))


def _check_lengths(name: str, examples: Sequence[Any], values: Sequence[Any]) -> None:
    if len(examples) != len(values) or not values:
        raise ValueError(
            f"got {len(examples):,} texts and {len(values):,} of {name}: expected as many, one or more. Next: look where rows were "
            "dropped from one of them alone"
        )
