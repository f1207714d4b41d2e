"""The state of a classifier: what its parameters say, what it has learnt, and the prior that belongs to it."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import NotFittedError

from zhnlp.few_shot.base_model import (
    ADAPTED,
    BASE,
    FITTED,
    check_base,
    described,
    fitted_folder,
    looking_for_base,
)
from zhnlp.few_shot.calibration import CALIBRATIONS, content_free, prior_of
from zhnlp.few_shot.scorer import PromptScorer
from zhnlp.few_shot.scoring import LENGTH_NORMS
from zhnlp.few_shot.template import SAMPLE, Template
from zhnlp.few_shot.verbalizer import Verbalizer

if TYPE_CHECKING:
    from zhnlp.few_shot.base_model import Saved
    from zhnlp.few_shot.network import FittedWeights, Network
    from zhnlp.few_shot.scorer import Examples
    from zhnlp.mining.progress import Progress

MODES = ("pet", "ptuning")
_SHAPING = ("template", "labels", "mode", "length_norm", "entailment_words")
_PLACING = ("model", "tokenizer", "max_length", "device", "dtype")  # of the network


class ClassifierState:
    """Made of the parameters of a classifier; `fits` says whether they are still the same.

    Args:
        classifier: gives the parameters.
        labels: instead of the classifier's own, where it has none.
        before: a state of the same parameters, whose network and adaptation are taken over; what it was fitted to is not.
        saved: weights of a saved classifier to read with.

    Attributes:
        base: the network that a training begins from, or the saved one.
        adapted, fitted: what was learnt since.
        prior: (T, C) log-scores to take off, a row a template; None for none.
    """

    def __init__(
        self,
        classifier: Any,
        labels: Any = None,
        before: ClassifierState | None = None,
        *,
        saved: Saved | None = None,
    ):
        check_choices(classifier)
        self._parameters = _taken(classifier)
        templates = templates_of(classifier.template)
        if classifier.mode == "ptuning" and not all(template.soft for template in templates):
            raise ValueError(
                f"mode='ptuning' trains soft tokens, and {templates[0].render(SAMPLE, label=SAMPLE['label'])!r} has none: expected "
                f"{{soft:4}} or so in the template, such as '{{soft:4}}{templates[0].source}'"
            )
        self.fields = tuple(sorted(templates[0].fields))
        if saved is None and before is not None and before.unlabelled:
            saved = before.saved
        self.saved = saved
        self.base: Network = self._base_of(classifier, before)
        if self.saved is None:
            self.saved = fitted_folder(self.base)
        self.adapted: FittedWeights | None = before.adapted if before else None
        self.fitted: FittedWeights | None = None
        self.prior: np.ndarray | None = None
        self._content_free: np.ndarray | None = None
        self.labels = classifier.labels if labels is None else labels
        tokenizer = self.base.tokenizer
        words = None if self.labels is None else Verbalizer(self.labels, tokenizer, templates[0])
        yes_no = None
        if any(template.has_label for template in templates):
            yes, no = classifier.entailment_words
            yes_no = Verbalizer({0: [no], 1: [yes]}, tokenizer, templates[0])
        self.scorer = PromptScorer(
            templates, words, yes_no, self._network(), length_norm=classifier.length_norm
        )

    @property
    def unlabelled(self) -> bool:
        """Whether `base` has seen no labels."""
        return self.saved is None or self.saved.weights != FITTED

    def _base_of(self, classifier: Any, before: ClassifierState | None) -> Network:
        """The saved network; that of the state before, unless it has seen labels; else that of the parameters."""
        if self.saved is not None:
            return self.saved.network
        if before is not None and before.unlabelled:
            return before.base
        with looking_for_base(before.base.name) if before is not None else nullcontext():
            network = base_network(classifier)
        if before is not None and network.name != before.base.name:  # else its base is not known
            folder, base = before.base.name, before.saved.base
            check_base(network, base, folder)
            if base["adapted"]:
                warnings.warn(
                    f"{folder} was adapted before it was fitted, and holds the fitted weights alone: training begins from "
                    f"{network.name}. Next: adapt(texts) first",
                    stacklevel=6,
                )
        return network

    def fits(self, classifier: Any) -> bool:
        """Whether the classifier still has the parameters that this was made of."""
        now = _taken(classifier)
        return all(_same(self._parameters[name], now[name]) for name in now)

    def remade(self, classifier: Any, *, to_learn: bool = False) -> ClassifierState:
        """A state of the parameters as they are now, after some of them changed.

        Network and adapted weights are kept unless a parameter names another model or device; fitted weights and prior are
        not, and a warning says so.

        Args:
            to_learn: a training comes next, which replaces fitted weights and prior anyway: no warning for them.
        """
        now = _taken(classifier)
        keeps = all(_same(self._parameters[name], now[name]) for name in _PLACING)
        lost = {
            "the weights of fit": self.fitted is not None and not to_learn,
            "the stored prior": self.prior is not None and not to_learn,
            "the weights of adapt": not keeps and (self.adapted is not None or self._saved_adapted),
        }
        if any(lost.values()):
            changed = [name for name in now if not _same(self._parameters[name], now[name])]
            warnings.warn(
                f"{', '.join(changed)} changed: what belonged to the old is gone "
                f"({', '.join(name for name, gone in lost.items() if gone)}). Next: fit, adapt or calibrate again",
                stacklevel=5,
            )
        return ClassifierState(classifier, before=self if keeps else None)

    def adapt(self, weights: FittedWeights) -> None:
        """Score with weights of raw text from now on."""
        self.adapted, self.fitted = weights, None
        self._changed(None)

    def fit(self, weights: FittedWeights) -> None:
        """Score with weights of labelled text from now on."""
        self.fitted = weights
        self._changed(None)

    def _changed(self, prior: np.ndarray | None) -> None:
        self.prior, self._content_free = prior, None
        self.scorer.network = self._network()
        self.scorer.soft_rows = None if self.fitted is None else self.fitted.soft_rows

    @property
    def _saved_adapted(self) -> bool:
        return self.saved is not None and self.saved.weights == ADAPTED

    @property
    def weights(self) -> str:
        """What the weights that score are: "base", "adapted" (raw text alone) or "fitted" (they have seen labels)."""
        if not self.unlabelled or (self.fitted is not None and self.fitted.model is not None):
            return FITTED
        return ADAPTED if self.adapted is not None or self._saved_adapted else BASE

    def origin(self) -> dict[str, Any]:
        """The model that these weights were trained from, and whether they were adapted before they were fitted."""
        base = described(self.base) if self.saved is None else self.saved.base
        adapted = self.adapted is not None or self._saved_adapted or base.get("adapted", False)
        return {**base, "adapted": adapted and self.weights == FITTED}

    def _network(self) -> Network:
        """The fitted network, else the adapted one, else the base."""
        for weights in (self.fitted, self.adapted):
            if weights is not None and weights.model is not None:
                return self.base.holding(weights.model)
        return self.base

    def scores(self, examples: Examples, bars: Progress | None = None) -> np.ndarray:
        """Log-scores (T, N, C) in nats, before any calibration.

        Raises:
            NotFittedError: there are no labels, or soft tokens that were never trained.
        """
        template = self.scorer.templates[0]
        if self.scorer.verbalizer is None:
            raise not_fitted(template)
        self.check_soft()
        return self.scorer.scores(examples, bars)

    def check_soft(self) -> None:
        """Refuse to read soft tokens that were never trained.

        Raises:
            NotFittedError: there are some.
        """
        template = next((one for one in self.scorer.templates if one.soft), None)
        if template is not None and self.scorer.soft_rows is None:
            shown = template.render(SAMPLE, label=SAMPLE["label"])
            raise NotFittedError(
                f"the soft tokens of {shown!r} are not trained: expected fit(texts, labels) first, or a template in words"
            )

    def prior_for(self, scores: np.ndarray, calibration: str) -> np.ndarray | None:
        """The prior (T, C) to take off scores (T, N, C), or None.

        Raises:
            ValueError: the calibration is not known; or it is "batch", and there is one text.
        """
        check_calibration(calibration)
        if calibration == "batch":
            if scores.shape[1] == 1:
                raise ValueError(
                    "calibration='batch' takes off the mean over the texts, and there is one: nothing would be left. Expected "
                    "several texts. Next: calibrate(texts) once, with calibration='auto'"
                )
            return prior_of(scores) if scores.shape[1] else None
        if calibration == "auto" and self.prior is not None:
            return self.prior
        if calibration == "none" or (calibration == "auto" and self.fitted is not None):
            return None
        if self._content_free is None:
            self._content_free = prior_of(self.scores(self.neutral()))
        return self._content_free

    def neutral(self) -> list[dict[str, str]]:
        """Examples without content."""
        return content_free(self.fields)


def check_choices(classifier: Any) -> None:
    """Refuse names that are not known.

    Raises:
        ValueError: of ``mode``, ``length_norm``, ``calibration``, ``entailment_words`` or ``random_state``.
    """
    _check("mode", classifier.mode, MODES)
    _check("length_norm", classifier.length_norm, LENGTH_NORMS)
    check_calibration(classifier.calibration)
    words = classifier.entailment_words
    if isinstance(words, str) or not isinstance(words, Sequence) or len(words) != 2:
        raise ValueError(
            f"entailment_words={words!r} is not possible: expected two words, yes and no. Next: entailment_words=('是', '不')"
        )
    seed = classifier.random_state
    if isinstance(seed, (int, np.integer)) and not 0 <= seed < 2**32:
        raise ValueError(
            f"random_state={seed!r} is not possible: expected 0 to {2**32 - 1:,}, or None. Next: random_state=0"
        )


def check_calibration(calibration: str) -> None:
    """Refuse a calibration that is not known."""
    _check("calibration", calibration, CALIBRATIONS)


def _check(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        near = get_close_matches(str(value), known, 1) or known
        raise ValueError(
            f"{name}={value!r} is not known: expected one of {', '.join(map(repr, known))}. Next: {name}={near[0]!r}"
        )


def templates_of(template: str | Template | Sequence[str | Template]) -> list[Template]:
    """One template or several, which must have the same fields.

    Raises:
        ValueError: there is none, or their fields differ.

    Example:
        >>> templates_of(["{text}很{mask}", "{mask}！{text}"])
        [Template('{text}很{mask}'), Template('{mask}！{text}')]
    """
    if isinstance(template, (Mapping, bytes)) or not isinstance(template, (str, Template, Iterable)):
        raise TypeError(
            f"template={template!r} is {type(template).__name__}: expected a str with {{text}} and {{mask}}, or a list of such. "
            "Next: template='{text}。总之，很{mask}。'"
        )
    given = [template] if isinstance(template, (str, Template)) else list(template)
    made = [one if isinstance(one, Template) else Template(one) for one in given]
    if not made:
        raise ValueError(
            "there is no template: expected one or more. Next: template='{text}。总之，很{mask}。'"
        )
    for other in made[1:]:
        if set(other.fields) != set(made[0].fields):
            raise ValueError(
                f"the templates {made[0].source!r} and {other.source!r} have different fields ({', '.join(made[0].fields)}; "
                f"{', '.join(other.fields)}): expected the same in all. Next: a classifier for each of the two"
            )
    return made


def base_network(classifier: Any, folder: str | Path | None = None) -> Network:
    """The language model that the parameters name, or the one of a folder in its place."""
    from zhnlp.few_shot.network import Network

    return Network(
        classifier.model if folder is None else folder,
        classifier.tokenizer if folder is None else None,
        device=classifier.device,
        dtype=classifier.dtype,
        max_length=classifier.max_length,
    )


def not_fitted(template: Template) -> NotFittedError:
    """What to raise where there are neither labels nor a fit."""
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
