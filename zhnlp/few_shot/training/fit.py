"""`PromptClassifier.fit`: from labelled texts, and unlabelled ones beside them, to trained weights.

Every regime has the loss of post 7764: the label slot is masked, `mlm_rate` of the other tokens are corrupted, and the
cross-entropy over the whole vocabulary is averaged over all of them.  Drawn anew at each pass: template, label word,
corruption.

- ``mode="pet"``: all weights learn, trainable tokens (``{soft}``) with them; ``mode="ptuning"``: those rows alone.
- templates with ``{label}``: yes for the right description, no for a wrong one (EFL).
- a causal model: the likelihood of the label word and what follows it, and of `mlm_rate` of the tokens before.
- ``unlabelled``: in each step as many rows of raw text as labelled ones, so that few labels are not drowned; with
  ``mode="ptuning"`` they stand in the template with the slot open.
- ``soft_labels=True`` or ``rounds`` > 1: the unlabelled texts get the labels that the trained model guesses, as
  probabilities (``soft_labels``) or the likeliest one, and training begins again with them; each round trusts twice as
  many, the last all of them.
- ``r_drop``: two passes with dropout are to say the same at the label slot; a model without dropout gets 0.1 for the time.
- ``label_conditioning``: with the right word in the slot the corrupted text is to be likely, with a wrong one unlikely.
- ``epochs="cv"``: 5, 10 or 20, chosen by four stratified folds inside the labelled texts; no more labels are used.
- ``learning_rate=None``: by the number of parameters, see `zhnlp.training.learning_rates`.

Source: 苏剑林, https://kexue.fm/archives/7764, https://kexue.fm/archives/8295; R-Drop: https://kexue.fm/archives/8496
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from zhnlp.few_shot.network import FittedWeights
from zhnlp.few_shot.training.adaptation import seed_of
from zhnlp.few_shot.training.entailment import Entailment
from zhnlp.few_shot.training.raw_text import raw_texts
from zhnlp.few_shot.training.recipe import Recipe, train
from zhnlp.few_shot.training.rows import RowMaker
from zhnlp.few_shot.training.samples import ClassWords, Draw, Labelled, Unlabelled, labelled
from zhnlp.few_shot.training.selection import EPOCHS, choose_by_folds
from zhnlp.few_shot.training.semi_supervised import guessed_samples, share_of_round
from zhnlp.few_shot.training.soft_prompt import initial_rows

Examples = Sequence[Mapping[str, str]]


def fit_prompts(
    classifier: Any, examples: Examples, targets: np.ndarray, unlabelled: Examples | None = None
) -> FittedWeights:
    """The weights that labelled texts give; called by `PromptClassifier.fit`.

    Args:
        targets: (N,) number of the class of each text.

    Raises:
        ValueError: a setting is out of its range; labels are to be guessed and there is no unlabelled text.
    """
    fitting = Fitting.of(classifier)
    guessing = classifier.rounds if classifier.soft_labels or classifier.rounds > 1 else 0
    if guessing and not unlabelled:
        raise ValueError(
            f"soft_labels={classifier.soft_labels}, rounds={classifier.rounds} guess the labels of unlabelled texts, and there are "
            "none: expected fit(X, y, unlabelled=texts). Next: give them, or soft_labels=False and rounds=1"
        )
    known = labelled(examples, targets, fitting.classes)
    raw = fitting.raw(unlabelled) if unlabelled else []
    if classifier.epochs == "cv":
        fitting = fitting.with_epochs_of_folds(known, targets, raw)
    weights = fitting.train(known, raw=raw)
    for number in range(1, guessing + 1):
        guessed = guessed_samples(
            unlabelled,
            np.exp(fitting.log_probabilities(weights, unlabelled)),
            share=share_of_round(number, guessing),
            class_shares=np.bincount(targets, minlength=fitting.classes) / len(targets),
            soft=classifier.soft_labels,
        )
        weights = fitting.train(known, guessed=guessed, raw=raw)
    return weights


@dataclass
class Fitting:
    """All that one fit needs of a classifier.

    Attributes:
        scorer: `zhnlp.few_shot.scorer.PromptScorer` of the classifier.
        draw: makes rows.
        recipe: of the training.
    """

    scorer: Any
    draw: Draw
    recipe: Recipe

    @classmethod
    def of(cls, classifier: Any, *, longest: int | None = None) -> Fitting:
        """From the parameters of a classifier; ``longest`` is that of candidates that differ from text to text."""
        check(classifier)
        scorer = classifier._state().scorer
        network, words, yes_no = scorer.network, scorer.verbalizer, scorer.entailment
        blanks = [one.longest for one in (words, yes_no) if one is not None] + [longest or 1]
        maker = RowMaker(
            scorer.templates,
            network.tokenizer,
            limit=network.limit,
            longest=max(blanks),
            mlm_rate=classifier.mlm_rate,
            causal=network.causal,
        )
        draw = Draw(
            maker,
            ClassWords() if words is None else ClassWords.of(words),
            None if yes_no is None else Entailment.of(yes_no, words),
            conditioning=classifier.label_conditioning > 0,
        )
        recipe = Recipe(
            epochs=0 if classifier.epochs == "cv" else classifier.epochs,
            learning_rate=classifier.learning_rate,
            batch_size=classifier.batch_size,
            r_drop=classifier.r_drop,
            label_conditioning=classifier.label_conditioning,
            soft_only=classifier.mode == "ptuning",
            seed=seed_of(classifier.random_state),
            progress=classifier.progress,
        )
        return cls(scorer, draw, recipe)

    @property
    def tokenizer(self) -> Any:
        """The tokenizer."""
        return self.scorer.network.tokenizer

    @property
    def limit(self) -> int:
        """Tokens of a row."""
        return self.scorer.network.limit

    @property
    def classes(self) -> int:
        """C."""
        return len(self.scorer.verbalizer.classes)

    def raw(self, unlabelled: Examples) -> list[Any]:
        """Samples of unlabelled texts: raw text; where only trainable rows learn, the text in its template."""
        if self.recipe.soft_only:
            return [Unlabelled(example) for example in unlabelled]
        return raw_texts(unlabelled, self.tokenizer, limit=self.limit)

    def train(
        self, known: Sequence[Labelled], *, guessed: Sequence[Labelled] = (), raw: Sequence[Any] = ()
    ) -> FittedWeights:
        """Train from the base (or adapted) weights."""
        model = self.scorer.network.trainable()
        rows = initial_rows(model, self.tokenizer, self.scorer.templates, seed=self.recipe.seed)
        model, rows = train(self.recipe, model, self.draw, known, guessed=guessed, raw=raw, soft_rows=rows)
        return FittedWeights(None if self.recipe.soft_only else model, rows)

    def log_probabilities(self, weights: FittedWeights, examples: Examples) -> np.ndarray:
        """Log-probabilities (N, C) that trained weights give, a mean of scores over the templates, no calibration."""
        scorer = copy.copy(self.scorer)
        scorer.network, scorer.soft_rows = (
            self.scorer.network.holding(weights.model),
            weights.soft_rows,
        )
        scores = scorer.scores(examples).mean(0)
        return scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)

    def with_epochs_of_folds(
        self, known: Sequence[Labelled], targets: np.ndarray, raw: Sequence[Any]
    ) -> Fitting:
        """The same with the number of epochs that stratified folds of the labelled texts favour."""

        def predict(epochs: float, train: np.ndarray, held: np.ndarray) -> np.ndarray:
            quiet = replace(self.recipe, epochs=epochs, progress=self.recipe.progress or False)
            weights = replace(self, recipe=quiet).train([known[number] for number in train], raw=raw)
            return self.log_probabilities(weights, [known[number].example for number in held])

        best, _ = choose_by_folds(EPOCHS, predict, targets, seed=self.recipe.seed)
        return replace(self, recipe=replace(self.recipe, epochs=best))


def check(classifier: Any) -> None:
    """Refuse settings that are out of their range.

    Raises:
        TypeError, ValueError: what was given, and what is possible.
    """
    epochs = classifier.epochs
    if epochs != "cv" and not (_is_number(epochs) and epochs > 0):
        raise ValueError(
            f"epochs={epochs!r} is not possible: expected more than 0 passes, or 'cv'. Next: epochs=10"
        )
    for name in ("batch_size", "rounds"):
        value = getattr(classifier, name)
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise ValueError(f"{name}={value!r} is not possible: expected a whole number, 1 or more")
    for name in ("r_drop", "label_conditioning"):
        value = getattr(classifier, name)
        if not (_is_number(value) and value >= 0):
            raise ValueError(
                f"{name}={value!r} is not possible: expected a weight of 0 or more. Next: {name}=0.0"
            )
    if not (_is_number(classifier.mlm_rate) and 0 <= classifier.mlm_rate < 1):
        raise ValueError(
            f"mlm_rate={classifier.mlm_rate!r} is not possible: expected 0 or more, below 1 (the post: 0.15)"
        )
    rate = classifier.learning_rate
    if rate is not None and not (_is_number(rate) and rate > 0):
        raise ValueError(
            f"learning_rate={rate!r} is not possible: expected a finite number above 0, or None for one that suits the model's "
            "size. Next: learning_rate=None"
        )


def _is_number(value: Any) -> bool:
    """Whether this is a finite number, and neither a bool nor a number in words."""
    return (
        isinstance(value, (int, float, np.number))
        and not isinstance(value, bool)
        and bool(np.isfinite(value))
    )
