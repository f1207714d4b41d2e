"""`PromptClassifier`: a language model with a cloze template as a classifier of scikit-learn."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from zhnlp.few_shot.calibration import calibrated
from zhnlp.few_shot.classifier_state import ClassifierState, check_calibration, not_fitted
from zhnlp.few_shot.examples import examples_of

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

    from zhnlp.few_shot.choice import Choices
    from zhnlp.few_shot.network import Network
    from zhnlp.few_shot.template import Template
    from zhnlp.few_shot.verbalizer import Verbalizer
    from zhnlp.mining.progress import Progress

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
        calibration: what is taken off the scores: "content-free" what the model says of neutral sentences, "batch" the mean
            over the texts at hand, "none" nothing.  "auto" is the first of these that holds: the prior that `calibrate` or
            `adapt` stored last; nothing, after ``fit``; content-free.
        epochs, learning_rate, batch_size, mlm_rate, r_drop, label_conditioning, soft_labels, rounds: of ``fit``; see
            `zhnlp.few_shot.training.fit`.
        max_length: tokens of a text at most; longer ones are cut where the template survives. None for the model's own.
        entailment_words: yes and no of templates with ``{label}``.
        random_state: seed of ``fit`` and ``adapt``.
        device, dtype: to run on and in; None for a GPU where there is one, bfloat16 where the processor has it.
        progress: bars on stderr; None for a terminal only.

    Attributes:
        classes_: the labels in sorted order.

    ``sklearn.base.clone``, and so ``cross_val_score``, copies the parameters alone: what `fit`, `adapt` and `calibrate` learnt
    stays behind.  To keep adapted weights give ``model=adapted.save(folder)``.

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
        epochs: float | str = 10,
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
        """Calibrated log-scores (N, C) in nats, in the order of ``classes_``.

        One text or many give the same, except with ``calibration="batch"`` and for the rounding of ``dtype``.

        Args:
            X: texts, or pairs, as a list, array, column or table; see `examples_of`.

        Raises:
            NotFittedError: neither ``labels`` nor ``fit``, or soft tokens without ``fit``.
            TypeError, ValueError: as `examples_of`.
        """
        state = self._state()
        scores = state.scores(examples_of(X, state.fields), self._bars())
        self._say_cuts(state)
        return calibrated(scores, state.prior_for(scores, self.calibration))

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

    def evaluate(self, X: Any, y: Any) -> dict[str, Any]:
        """Accuracy, macro-F1 and the confusion matrix on labelled texts; see `evaluate_classification`."""
        from zhnlp.metrics.classification import evaluate_classification

        return evaluate_classification(y, self.predict(X), labels=self.classes_.tolist())

    # --- learning --------------------------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any, unlabelled: Any = None) -> PromptClassifier:
        """Train on labelled texts, and on unlabelled ones beside them; begins each time from the base or from `adapt`.

        Args:
            X: as `class_scores`.
            y: (N,) their labels, each one of ``labels`` where those were given.
            unlabelled: texts as ``X``; None for none.

        Raises:
            ValueError: a label that is not in ``labels``, fewer than two labels, or ``X`` and ``y`` of different lengths.
        """
        from zhnlp.few_shot import fitting

        fitting.fit(self, X, y, unlabelled)
        return self

    def adapt(self, unlabelled: Any, epochs: float = 1) -> PromptClassifier:
        """Go on with the language model's own training on raw texts, and store the prior that they show.

        A ``fit`` from before is gone; the next one begins here.

        Args:
            unlabelled: texts as ``X`` of `class_scores`.
            epochs: passes over them.
        """
        from zhnlp.few_shot import fitting

        fitting.adapt(self, unlabelled, epochs)
        return self

    def calibrate(self, texts: Any) -> PromptClassifier:
        """Store the prior that some unlabelled texts show: the mean of their scores, for ``calibration="auto"``.

        Args:
            texts: as ``X`` of `class_scores`; a hundred or more, of all classes alike.

        Example:
            >>> classifier = PromptClassifier(labels={"正面": "好", "负面": "差"})
            >>> _ = classifier.calibrate(["味道很好", "太难吃了", "服务热情", "再也不来了"])
            >>> classifier.predict(["味道很好"]).tolist()
            ['正面']
        """
        from zhnlp.few_shot import fitting

        fitting.calibrate(self, texts)
        return self

    # --- choosing --------------------------------------------------------------------------------------------------

    def choose(self, X: Any, candidates: Sequence[Sequence[str]]) -> Choices:
        """For each text the candidate that fits its blank best; candidates differ from text to text.

        Needs no ``labels``. With a ``{label}`` template a candidate is put there, and the blank says yes or no.

        Args:
            X: as `class_scores`.
            candidates: the words to choose from, for each text.

        Raises:
            ValueError: a text has fewer than two candidates, or texts and lists of candidates are not as many.

        Example:
            >>> chooser = PromptClassifier("{text_a:end}{mask}{text_b}")
            >>> chooser.choose([("中华人民共和", "成立了")], [["国", "水"]]).picked
            [0]
        """
        from zhnlp.few_shot.choice import choose

        state = self._state()
        found = choose(state, examples_of(X, state.fields), candidates, self.calibration, self._bars())
        self._say_cuts(state)
        return found

    def fit_choices(
        self, X: Any, candidates: Sequence[Sequence[str]], answers: Sequence[int]
    ) -> PromptClassifier:
        """Train to choose.

        Args:
            X, candidates: as `choose`.
            answers: (N,) number of the right candidate of each text, from 0.
        """
        from zhnlp.few_shot import fitting

        fitting.fit_choices(self, X, candidates, answers)
        return self

    # --- files -----------------------------------------------------------------------------------------------------

    def save(self, folder: str | Path) -> Path:
        """Write the classifier to a folder: ``prompt.json`` beside model and tokenizer, or beside the soft rows alone.

        With ``mode="ptuning"`` the folder holds kilobytes, and `load` finds the base by its name.  Beside trained weights
        name and digest of the model that they were trained from are written, so that a later `fit` begins from there.

        Raises:
            FileExistsError: ``folder`` is a file.
            ValueError: it is the folder that the model was loaded from.
        """
        from zhnlp.few_shot.persistence import save

        return save(self, folder)

    @classmethod
    def load(cls, folder: str | Path, **parameters: Any) -> PromptClassifier:
        """The classifier of a folder, which gives the same probabilities.

        A ``fit`` of it, or of a ``clone``, begins from the base as that of a new classifier does; the parameter ``model`` names
        it.  After `adapt` without ``fit`` the next ``fit`` begins from the adapted weights, which are in the folder.

        Args:
            **parameters: instead of those saved, such as ``device``; ``model`` (and ``tokenizer``) for the base, where it has
                moved or has no name.

        Raises:
            FileNotFoundError: no prompt.json there.
            ValueError: another version wrote it; or ``model`` is not what it was trained from.
        """
        from zhnlp.few_shot.persistence import load

        return load(cls, folder, parameters)

    # --- what others of this package build on ----------------------------------------------------------------------

    @property
    def classes_(self) -> np.ndarray:
        """(C,) the labels in sorted order."""
        return np.array(self.verbalizer_.classes)

    @property
    def templates_(self) -> list[Template]:
        """The templates."""
        return self._state().scorer.templates

    @property
    def verbalizer_(self) -> Verbalizer:
        """The words of the labels."""
        state = self._state()
        if state.scorer.verbalizer is None:
            raise not_fitted(state.scorer.templates[0])
        return state.scorer.verbalizer

    @property
    def entailment_(self) -> Verbalizer | None:
        """No (class 0) and yes (class 1) of templates with {label}."""
        return self._state().scorer.entailment

    @property
    def network_(self) -> Network:
        """The language model: the fitted one, else the adapted one, else that of ``model``."""
        return self._state().scorer.network

    def _network(self, exact: bool = False) -> tuple[PreTrainedModel, PreTrainedTokenizerFast, Tensor | None]:
        """The model that scores, its tokenizer and its soft rows; ``exact`` for float32."""
        scorer = self._state().scorer
        return scorer.network.reader(exact=exact), scorer.network.tokenizer, scorer.soft_rows

    def _state(self) -> ClassifierState:
        """What the parameters say, made once and again when they change."""
        check_calibration(self.calibration)  # it shapes no state, so a state that is there has not checked it
        made = self.__dict__.get("_made")
        if made is None or not made.fits(self):
            self._made = ClassifierState(self) if made is None else made.remade(self)
        return self._made

    def _bars(self) -> Progress:
        from zhnlp.mining.progress import Progress

        return Progress(self.progress)

    def _say_cuts(self, state: ClassifierState) -> None:
        """Warn of texts that were longer than the model's limit; a ``max_length`` that was given is meant."""
        cuts = state.scorer.cuts
        if cuts.cut and self.max_length is None:
            warnings.warn(
                f"{cuts.cut:,} of {cuts.texts:,} texts were longer than {state.base.name} reads ({state.base.limit:,} tokens with the "
                "template): they were cut, the template was kept. Next: shorter texts, or max_length=... to say that this is meant",
                stacklevel=4,
            )

    def __sklearn_is_fitted__(self) -> bool:
        return self.labels is not None or ("_made" in self.__dict__ and self._made.fitted is not None)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags
