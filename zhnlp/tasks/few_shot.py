"""pipeline("few-shot-classification"): classes of texts from a template and label words, with no labels or a few."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from zhnlp.mining.progress import Progress
from zhnlp.tasks.base import Pipeline
from zhnlp.tasks.batching import FIRST_WINDOW, windows

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from zhnlp.few_shot import PromptClassifier

WINDOW = 1024  # texts that are read together
SAVED = "prompt.json"


class Classification(TypedDict):
    """The likeliest label, its probability (0 to 1), and label → probability for all."""

    label: Any
    score: float
    scores: dict[Any, float]


class FewShotClassification(Pipeline):
    """Classify texts by the word that a language model puts into a blank: with no label, and better after a few.

    Args:
        template: a sentence with ``{mask}`` and ``{text}``, or ``{text_a}`` and ``{text_b}`` for pairs; several are an ensemble.
            None for "{text}。总之，很{mask}。".
        labels: label → words that may stand in the blank, or a list of labels, each its own word.
        model: shipped name, folder or Hub id of a masked or causal model; a folder that ``save`` wrote; or a model of
            transformers, with ``tokenizer``. None: zhnlp-mlm-small, which ships.
        revision, cache_dir: of the Hub.
        base: of a saved P-tuning, where its base is not found under its own name.
        seed: of ``fit`` and ``adapt`` (0 to 4,294,967,295). Where it is not given: 0, or that of a saved folder.
        progress: bars on stderr; None for a terminal only.
        **options: of `zhnlp.few_shot.PromptClassifier`: ``calibration``, ``mode="ptuning"``, ``epochs``, ``learning_rate``,
            ``max_length``, ``device``, ``dtype`` …

    One text gives ``{"label", "score", "scores"}``; a list a list, an iterator a generator in the same order that reads at
    most 1,024 texts ahead.  A pair is a tuple of two str.  A text longer than the model is cut, never the template, and counted.

    ``calibrate(texts)`` and ``adapt(texts)`` learn from texts without labels, ``fit(texts, labels, unlabelled=None)`` from labels,
    ``evaluate(texts, labels)`` scores, ``save(folder)`` keeps all of it.  ``pipe.classifier`` is the classifier of scikit-learn.

    Raises:
        ValueError: a template without a blank, fewer than two labels, a word that the vocabulary cannot write.
        NotFittedError: neither ``labels`` nor ``fit``.

    Example:
        >>> from zhnlp import pipeline
        >>> pipe = pipeline("few-shot-classification", labels={"正面": ["好", "满意"], "负面": ["差"]})
        >>> pipe("服务热情，味道很好")["label"]
        '正面'

    Source: 苏剑林, https://kexue.fm/archives/7764, https://kexue.fm/archives/8295
    """

    task = "few-shot-classification"
    default = "zhnlp-mlm-small"

    def __init__(
        self,
        template: str | Sequence[str] | None = None,
        labels: Any = None,
        *,
        model: str | Path | PreTrainedModel | None = None,
        revision: str | None = None,
        cache_dir: str | Path | None = None,
        base: str | Path | PreTrainedModel | None = None,
        seed: int | str | None = "default",
        progress: bool | None = None,
        **options: Any,
    ):
        if seed not in (None, "default") and (
            isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32
        ):
            raise ValueError(f"seed={seed!r} is not possible: expected 0 to {2**32 - 1:,}, or None")
        options = {**options, "progress": progress}
        if seed != "default":
            options["random_state"] = seed
        self.progress = Progress(progress)
        if isinstance(model, (str, Path)) and (revision is not None or cache_dir is not None):
            from zhnlp.checkpoints.locate import locate

            model = locate(model, revision=revision, cache_dir=cache_dir)
        self.classifier = (
            self._saved(model, template, labels, base, options)
            if isinstance(model, (str, Path)) and (Path(model) / SAVED).is_file()
            else self._new(model, template, labels, base, options)
        )
        self._said = model is not None

    def _saved(self, folder: Any, template: Any, labels: Any, base: Any, options: dict) -> PromptClassifier:
        from zhnlp.few_shot import PromptClassifier

        given = [name for name, value in (("template", template), ("labels", labels)) if value is not None]
        if given:
            raise TypeError(
                f"{folder} holds a saved classifier, which has its own {' and '.join(given)}: expected model= without them. Next: "
                "leave them out, or name the language model that it was made from"
            )
        return PromptClassifier.load(folder, **options, **({} if base is None else {"model": base}))

    def _new(self, model: Any, template: Any, labels: Any, base: Any, options: dict) -> PromptClassifier:
        from zhnlp.few_shot import PromptClassifier
        from zhnlp.few_shot.classifier_state import templates_of
        from zhnlp.few_shot.verbalizer import describe

        if base is not None:
            raise TypeError(f"base={base!r} is for a folder that save wrote, and model={model!r} is none")
        named = {} if template is None else {"template": template}
        classifier = PromptClassifier(**named, labels=labels, model=model, **options)
        templates = templates_of(classifier.template)  # what is wrong is said now, and not at the first text
        if labels is not None:
            describe(labels, templates[0])
        if model is not None:
            _ = classifier.templates_
        return classifier

    @property
    def name(self) -> str:
        """The model: its name, folder or class."""
        return self.classifier.network_.name

    def __call__(self, texts: Any) -> Any:
        """Classify a text or a pair, a list or tuple of them, or an iterator of them.

        Raises:
            TypeError: what was given is no text or pair.
            ValueError: ``calibration="batch"`` and an iterator, whose mean is not known before its end.
        """
        if self._is_one(texts):
            (result,) = self._each([texts], known=1)
            return result
        if isinstance(texts, (bytes, Path)) or not isinstance(texts, Iterable):
            raise TypeError(
                f"{self.task} got {type(texts).__name__}: expected a str, or an iterable of str. Next: read files with "
                "zhnlp.Corpus.from_paths(...)"
            )
        if hasattr(texts, "columns") and hasattr(texts, "to_dict"):  # a table of pandas
            from zhnlp.few_shot.examples import examples_of

            texts = examples_of(texts, self.classifier.templates_[0].fields)
        elif hasattr(texts, "tolist"):  # numpy, pandas
            texts = texts.tolist()
            if isinstance(texts, str):
                return self(texts)  # an array of no dimension
        if isinstance(texts, (list, tuple)):
            return list(self._each(texts, known=len(texts)))
        if self.classifier.calibration == "batch":
            raise ValueError(
                "calibration='batch' takes off the mean over all texts, which an iterator does not show before its end. Next: "
                "list(texts), or calibrate(some of them) with calibration='auto'"
            )
        return self._each(texts, known=None)

    def fit(self, texts: Any, labels: Any, unlabelled: Any = None) -> FewShotClassification:
        """Learn from labelled texts, and from unlabelled ones beside them; begins anew each time. Returns the pipeline."""
        self._say_model()
        self.classifier.fit(_listed(texts), labels, None if unlabelled is None else _listed(unlabelled))
        return self

    def adapt(self, texts: Any, epochs: float = 1) -> FewShotClassification:
        """Train the language model on texts without labels, ``epochs`` times over them, and calibrate with them."""
        self._say_model()
        self.classifier.adapt(_listed(texts), epochs=epochs)
        return self

    def calibrate(self, texts: Any) -> FewShotClassification:
        """Take off from now on what the model says of these texts, a hundred or more and of all labels, on average."""
        self._say_model()
        self.classifier.calibrate(_listed(texts))
        return self

    def evaluate(self, texts: Any, labels: Any) -> dict[str, Any]:
        """Accuracy, macro-F1, each class and the confusion matrix on labelled texts; `plot_confusion` draws it."""
        self._say_model()
        return self.classifier.evaluate(_listed(texts), labels)

    def save(self, folder: str | Path) -> Path:
        """Write everything to a folder, which ``pipeline(task, model=folder)`` reads; after P-tuning it has kilobytes."""
        return self.classifier.save(folder)

    def _is_one(self, texts: Any) -> bool:
        """Whether this is a single example."""
        pair = isinstance(texts, tuple) and len(texts) == 2 and all(isinstance(one, str) for one in texts)
        return isinstance(texts, (str, Mapping)) or (pair and len(self.classifier.templates_[0].fields) == 2)

    def _each(self, items: Iterable[Any], known: int | None) -> Iterator[Classification]:
        self._say_model()
        first = FIRST_WINDOW if known is None else WINDOW
        together = self.classifier.calibration == "batch"  # all texts share a prior
        parts = [items] if together else windows(items, first=first, last=WINDOW, size=_size)
        seen = cut = 0
        with self.progress.stage(self.task, known, "text"):
            for window in parts if known != 0 else ():
                results, lost = self._classify(window)
                seen, cut = seen + len(results), cut + lost
                for result in results:
                    self.progress.advance(1)
                    yield result
        if cut and self.classifier.max_length is None:
            warnings.warn(
                f"{cut:,} of {seen:,} texts were too long for {self.name} ({self.classifier.network_.limit:,} tokens with the "
                "template) and were cut. Next: cut them into sentences, or max_length=... to say that this is meant",
                stacklevel=3,
            )

    def _classify(self, window: Sequence[Any]) -> tuple[list[Classification], int]:
        """The results of some texts, and how many of them were cut."""
        import numpy as np

        from zhnlp.few_shot.calibration import calibrated
        from zhnlp.few_shot.examples import examples_of

        state = self.classifier._state()
        raw = state.scores(examples_of(window, state.fields))  # (T, N, C)
        cut = state.scorer.cuts.cut
        scores = calibrated(raw, state.prior_for(raw, self.classifier.calibration))
        chances = np.exp(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True))
        labels = self.classifier.classes_.tolist()
        results = [
            {"label": labels[number], "score": float(row[number]), "scores": dict(zip(labels, row.tolist()))}
            for number, row in zip(chances.argmax(axis=1), chances)
        ]
        return results, cut

    def _say_model(self) -> None:
        """Say once which model is used where none was named."""
        from zhnlp.tasks.model import say_default

        if not self._said:
            say_default(self.task, self.default)
            self._said = True


def _listed(texts: Any) -> Any:
    """Texts that can be read twice."""
    known = isinstance(texts, (list, tuple, str, bytes, Mapping)) or hasattr(texts, "__len__")
    return texts if known or not isinstance(texts, Iterable) else list(texts)


def _size(item: Any) -> int:
    """Characters of an example."""
    if isinstance(item, str):
        return len(item)
    values = item.values() if isinstance(item, Mapping) else item if isinstance(item, (list, tuple)) else ()
    return sum(len(value) for value in values if isinstance(value, str))
