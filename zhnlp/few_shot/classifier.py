"""`PromptClassifier`: a language model with a cloze template as a classifier of scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from zhnlp.few_shot.calibration import calibrated
from zhnlp.few_shot.inputs import examples_of
from zhnlp.few_shot.state import State

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

    from zhnlp.few_shot.network import Network
    from zhnlp.few_shot.template import Template
    from zhnlp.few_shot.verbalizer import Verbalizer

DEFAULT_TEMPLATE = "{text}。总之，很{mask}。"


class PromptClassifier(ClassifierMixin, BaseEstimator):
    """Classify texts by the word that a language model puts into a blank, with no labels or a few.

    Without ``fit`` it needs ``labels``, and its scores are those of the model less a prior (zero-shot).

    Args:
        template: with ``{mask}`` and ``{text}``, or ``{text_a}`` and ``{text_b}`` (see `Template`); several are an ensemble,
            whose calibrated log-probabilities are averaged. With ``{label}`` the blank says yes or no to each label (EFL).
        labels: label → its words, of any lengths; or a list of labels, each its own word; None for those of ``fit``.
        model: shipped name, folder, Hub id or a model of transformers, masked or causal; None for zhnlp-mlm-small.
        tokenizer: of a model that is given as such.
        mode: "pet" trains all weights, "ptuning" only the embeddings of the soft tokens.
        length_norm: "mean" over the tokens of a label word, so that the short are not favoured; or "sum".
        calibration: "content-free" takes off what the model says of empty texts, "batch" the mean over the texts at hand,
            "none" nothing; "auto" is the prior of `calibrate` or `adapt`, else content-free, else nothing after ``fit``.
        epochs, learning_rate, batch_size, mlm_rate, r_drop, label_conditioning, soft_labels, rounds: of ``fit``; see
            `zhnlp.few_shot.training.fit`.
        max_length: tokens of a text at most; longer ones are cut where the template survives. None for the model's own.
        entailment_words: yes and no of templates with ``{label}``.
        random_state: seed of ``fit`` and ``adapt``.
        device, dtype: to run on and in; None for a GPU where there is one, bfloat16 where the processor has it.
        progress: bars on stderr; None for a terminal only.

    Attributes:
        classes_: the labels in sorted order.

    Example:
        >>> classifier = PromptClassifier(labels={"正面": ["好", "满意"], "负面": ["差"]})
        >>> classifier.predict(["服务热情，味道很好", "又脏又贵，再也不来了"]).tolist()
        ['正面', '负面']

    Source: 苏剑林, https://kexue.fm/archives/7764, https://kexue.fm/archives/8295
    """

    def __init__(
        self,
        template: str | Sequence[str] = DEFAULT_TEMPLATE,
        labels: Any = None,
        *,
        model: str | Path | PreTrainedModel | None = None,
        tokenizer: PreTrainedTokenizerFast | None = None,
        mode: str = "pet",
        length_norm: str = "mean",
        calibration: str = "auto",
        epochs: float = 10,
        learning_rate: float | None = None,
        batch_size: int = 16,
        max_length: int | None = None,
        mlm_rate: float = 0.15,
        r_drop: float = 0.0,
        label_conditioning: float = 0.0,
        soft_labels: bool = False,
        rounds: int = 1,
        entailment_words: tuple[str, str] = ("是", "不"),
        random_state: int | None = 0,
        device: Any = None,
        dtype: Any = None,
        progress: bool | None = None,
    ):
        self.template = template
        self.labels = labels
        self.model = model
        self.tokenizer = tokenizer
        self.mode = mode
        self.length_norm = length_norm
        self.calibration = calibration
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_length = max_length
        self.mlm_rate = mlm_rate
        self.r_drop = r_drop
        self.label_conditioning = label_conditioning
        self.soft_labels = soft_labels
        self.rounds = rounds
        self.entailment_words = entailment_words
        self.random_state = random_state
        self.device = device
        self.dtype = dtype
        self.progress = progress

    # --- scores ----------------------------------------------------------------------------------------------------

    def class_scores(self, X: Any) -> np.ndarray:
        """Calibrated log-scores (N, C) in nats, in the order of ``classes_``; one text or many give the same, except
        with ``calibration="batch"``.

        Args:
            X: texts, or pairs, as a list, array, column or table; see `examples_of`.
        """
        state = self._state()
        scores = state.prompting.scores(examples_of(X, state.fields), state.bars)
        return calibrated(scores, state.prior_for(scores))

    def decision_function(self, X: Any) -> np.ndarray:
        """`class_scores` (N, C); of two classes the second's less the first's (N,), as scikit-learn has it."""
        scores = self.class_scores(X)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Log-probabilities (N, C) of the classes, in nats."""
        scores = self.class_scores(X)
        return scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities (N, C) of the classes, in the order of ``classes_``."""
        return np.exp(self.predict_log_proba(X))

    def predict(self, X: Any) -> np.ndarray:
        """The likeliest label (N,) of each text."""
        return self.classes_[self.class_scores(X).argmax(axis=1)]

    # --- what others of this package build on ----------------------------------------------------------------------

    @property
    def classes_(self) -> np.ndarray:
        """(C,) the labels in sorted order."""
        return np.array(self._state().prompting.verbalizer.classes)

    @property
    def templates_(self) -> list[Template]:
        """The templates."""
        return self._state().prompting.templates

    @property
    def verbalizer_(self) -> Verbalizer:
        """The words of the labels."""
        return self._state().prompting.verbalizer

    @property
    def entailment_(self) -> Verbalizer | None:
        """No (class 0) and yes (class 1) of templates with {label}."""
        return self._state().prompting.entailment

    @property
    def network_(self) -> Network:
        """The language model: the fitted one, else the adapted one, else that of ``model``."""
        return self._state().prompting.network

    def _network(self, exact: bool = False) -> tuple[PreTrainedModel, PreTrainedTokenizerFast, Tensor | None]:
        """The model that scores, its tokenizer and its soft rows; ``exact`` for float32."""
        prompting = self._state().prompting
        return prompting.network.reader(exact=exact), prompting.network.tokenizer, prompting.soft_rows

    def _state(self) -> State:
        """What the parameters say, made once and again when they change."""
        state = self.__dict__.get("_made")
        if state is None or not state.fits(self):
            state = self._made = State(self)
        return state

    def __sklearn_is_fitted__(self) -> bool:
        return self.labels is not None or ("_made" in self.__dict__ and self._made.fitted is not None)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags
