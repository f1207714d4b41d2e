"""The state of a classifier: what its parameters say, what it has learnt, and the prior that belongs to it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zhnlp.few_shot.calibration import CALIBRATIONS, content_free, prior_of
from zhnlp.few_shot.prompting import Prompting
from zhnlp.few_shot.scoring import LENGTH_NORMS
from zhnlp.few_shot.template import Template
from zhnlp.few_shot.verbalizer import Verbalizer
from zhnlp.few_shot.weights import FittedWeights

MODES = ("pet", "ptuning")
_SHAPING = ("template", "labels", "model", "tokenizer", "mode", "length_norm", "entailment_words")
_PLACING = ("max_length", "device", "dtype")


class State:
    """Made of the parameters of a classifier; `fits` says whether they are still the same.

    Args:
        classifier: gives the parameters.
        labels: instead of the classifier's own, where it has none.
        base: the network, where it was loaded before.
    """

    def __init__(self, classifier: Any, labels: Any = None, base: Any = None):
        from zhnlp.mining.progress import Progress

        self.parameters = _taken(classifier)
        self.calibration = classifier.calibration
        self.bars = Progress(classifier.progress)
        check_choices(classifier)
        templates = templates_of(classifier.template)
        self.fields = tuple(sorted(templates[0].fields))
        labels = classifier.labels if labels is None else labels
        if labels is None:
            raise not_fitted(templates[0])
        self.base = base_network(classifier) if base is None else base
        yes_no = None
        if any(template.has_label for template in templates):
            yes, no = classifier.entailment_words
            yes_no = Verbalizer({0: [no], 1: [yes]}, self.base.tokenizer, templates[0])
        words = Verbalizer(labels, self.base.tokenizer, templates[0])
        self.prompting = Prompting(templates, words, yes_no, self.base, length_norm=classifier.length_norm)
        self.adapted: FittedWeights | None = None
        self.fitted: FittedWeights | None = None
        self.prior: np.ndarray | None = None
        self._content_free: np.ndarray | None = None

    def fits(self, classifier: Any) -> bool:
        """Whether the classifier has still the parameters that this was made of."""
        self.calibration = classifier.calibration
        now = _taken(classifier)
        return all(_same(self.parameters[name], now[name]) for name in now)

    def prior_for(self, scores: np.ndarray) -> np.ndarray | None:
        """The prior (T, C) to take off scores (T, N, C), or None.

        Raises:
            ValueError: the calibration is not known; or it is "batch", and there is one text.
        """
        check_calibration(self.calibration)
        if self.calibration == "batch":
            if scores.shape[1] == 1:
                raise ValueError(
                    "calibration='batch' takes off the mean over the texts, and there is one: nothing would be left. Expected "
                    "several texts. Next: calibrate(texts) once, with calibration='auto'"
                )
            return prior_of(scores) if scores.shape[1] else None
        if self.calibration == "auto" and self.prior is not None:
            return self.prior
        if self.calibration == "none" or (self.calibration == "auto" and self.fitted is not None):
            return None
        if self._content_free is None:
            examples = content_free(self.fields, self.prompting.network.tokenizer.mask_token)
            self._content_free = prior_of(self.prompting.scores(examples))
        return self._content_free


def check_choices(classifier: Any) -> None:
    """Refuse names that are not known.

    Raises:
        ValueError: of ``mode`` or ``length_norm``.
    """
    for name, known in (("mode", MODES), ("length_norm", LENGTH_NORMS), ("calibration", CALIBRATIONS)):
        if (value := getattr(classifier, name)) not in known:
            raise ValueError(f"{name}={value!r} is not known: expected one of {', '.join(map(repr, known))}")


def check_calibration(calibration: str) -> None:
    """Refuse a calibration that is not known."""
    if calibration not in CALIBRATIONS:
        raise ValueError(
            f"calibration={calibration!r} is not known: expected one of {', '.join(map(repr, CALIBRATIONS))}"
        )


def templates_of(template: str | Template | Sequence[str | Template]) -> list[Template]:
    """One template or several, which must have the same fields.

    Raises:
        ValueError: there is none, or their fields differ.

    Example:
        >>> templates_of(["{text}很{mask}", "{mask}！{text}"])
        [Template('{text}很{mask}'), Template('{mask}！{text}')]
    """
    given = [template] if isinstance(template, (str, Template)) else list(template)
    made = [one if isinstance(one, Template) else Template(one) for one in given]
    if not made:
        raise ValueError("there is no template: expected one or more, such as '{text}。总之，很{mask}。'")
    for other in made[1:]:
        if set(other.fields) != set(made[0].fields):
            raise ValueError(
                f"the templates {made[0].source!r} and {other.source!r} have different fields ({', '.join(made[0].fields)}; "
                f"{', '.join(other.fields)}): expected the same in all"
            )
    return made


def base_network(classifier: Any) -> Any:
    """The language model that the parameters name."""
    from zhnlp.few_shot.network import Network

    return Network(
        classifier.model,
        classifier.tokenizer,
        device=classifier.device,
        dtype=classifier.dtype,
        max_length=classifier.max_length,
    )


def not_fitted(template: Template) -> Exception:
    """What to raise where there are neither labels nor a fit."""
    from sklearn.exceptions import NotFittedError

    from zhnlp.few_shot.template import SAMPLE

    return NotFittedError(
        f"labels is None and fit was not called: nothing is known to put into {template.render(SAMPLE, label=SAMPLE['label'])!r}. Next: "
        "labels={'正面': ['好'], '负面': ['差']}, or fit(texts, labels)"
    )


def _taken(classifier: Any) -> dict[str, Any]:
    """The parameters that shape the state, lists and dicts copied."""
    values = {name: getattr(classifier, name) for name in (*_SHAPING, *_PLACING)}
    return {
        name: copy.deepcopy(value) if isinstance(value, (list, dict)) else value
        for name, value in values.items()
    }


def _same(one: Any, other: Any) -> bool:
    return one is other or (type(one) is type(other) and _equal(one, other))


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other)
    return isinstance(one, (str, Path, int, tuple, list, dict)) and one == other
