"""``explain``: which characters of a text decided, and how sure that division is.

Source: 苏剑林, https://kexue.fm/archives/7533; Sundararajan et al. 2017, https://arxiv.org/abs/1703.01365
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from zhnlp.attribution.explainable import AUTO, BASELINES, Explainable, label
from zhnlp.attribution.explanation import Explanation
from zhnlp.attribution.path_integral import path_points
from zhnlp.attribution.prepared import METHODS, OUTPUTS, Prepared
from zhnlp.attribution.reading import Reading, Span
from zhnlp.attribution.words import merge_words

if TYPE_CHECKING:
    from zhnlp.tokenizers import WordTokenizer

_NOISE = 1e-5  # of float32: a smaller gap says nothing about the quadrature


class Explainer:
    """Explains many texts of one classifier; `explain` is for one.

    Args:
        classifier: `zhnlp.few_shot.PromptClassifier` or `FineTunedClassifier`; (model, tokenizer) or a
            text-classification pipeline of transformers; a folder, shipped name or Hub id of a sequence classifier; a classifier
            with ``predict_proba`` over texts, such as a pipeline of scikit-learn (method "occlusion" only); or a
            `zhnlp.attribution.Explainable`.
        method: "integrated-gradients", whose scores add up to value − baseline_value; "gradient", the slope at the text
            along the line from the baseline, per unit of length; "gradient-x-input", gradient times embedding minus
            baseline; "occlusion", what the score loses when one token is replaced by the baseline.
        baseline: the embedding that stands for "no token": "pad", "mask", "zero" or "mean" of the vocabulary, or "auto": the
            mask of a prompt over a masked model, which knows it as "nothing was said", else the pad. The tokens that a tokenizer adds ([CLS], [SEP]), the blanks and the trained rows of a prompt stay as they are; everything
            else, a template too, is replaced.
        steps: Gauss-Legendre points of integrated gradients, or "auto" for as many as keep the error within ``tolerance``
            (20 to 2,000).
        output: "logit", the class score before softmax (of a prompt the log-odds against the other classes), or
            "probability".
        words: cuts text into words; None for jieba.
        tolerance: completeness error above which a warning is given.
        token_budget: positions computed together; None for 1,024 on a CPU and 32,768 elsewhere.

    Raises:
        TypeError: the classifier is none of these.
        ValueError: a method, baseline, output or number of steps that is not known.
    """

    def __init__(
        self,
        classifier: Any,
        *,
        method: str = "integrated-gradients",
        baseline: str = "auto",
        steps: int | str = 50,
        output: str = "logit",
        words: WordTokenizer | None = None,
        tolerance: float = 0.01,
        token_budget: int | None = None,
    ):
        from zhnlp.attribution.classifiers import network_of

        for name, value, known in (
            ("method", method, METHODS),
            ("baseline", baseline, (AUTO, *BASELINES)),
            ("output", output, OUTPUTS),
        ):
            if value not in known:
                near = difflib.get_close_matches(str(value), known, n=len(known), cutoff=0)
                raise ValueError(
                    f"{name}={value!r} is not known: expected one of {', '.join(map(repr, near))}"
                )
        if steps != "auto":
            if isinstance(steps, str):
                raise ValueError(f"steps={steps!r} is not possible: expected 1 or more, or 'auto'")
            path_points(steps)
        if token_budget is not None and token_budget < 1:
            raise ValueError(f"token_budget={token_budget!r} is not possible: expected 1 or more")
        self.network: Explainable = network_of(classifier)
        if self.network.methods and method not in self.network.methods:
            possible = ", ".join(map(repr, self.network.methods))
            raise ValueError(
                f"method={method!r} needs embeddings and gradients, which {self.network.name} has not: expected {possible}. "
                f"Next: method={self.network.methods[0]!r}"
            )
        self.baseline = self.network.usual_baseline if baseline == AUTO else baseline
        self.method, self.steps, self.output = method, steps, output
        self.tolerance, self.token_budget = tolerance, token_budget
        self._words = words
        self.network.reference(self.baseline)  # a token that is missing is said now

    @cached_property
    def words(self) -> WordTokenizer:
        """What cuts text into words."""
        if self._words is not None:
            return self._words
        from zhnlp.tokenizers.words import JiebaWords

        return JiebaWords()

    def __call__(self, text: Any, target: Any = None) -> Explanation:
        """Explain the score of one class for one text, or pair.

        Args:
            text: a str; (a, b) or a dict for a classifier of pairs.
            target: a label; None for the one that the classifier chooses.

        Raises:
            TypeError: it is no text.
            ValueError: the text has no token, or only unknown ones; the target is no class; the score is nan.

        Warns:
            UserWarning: the text is too long and was cut, or the completeness error is above ``tolerance``.
        """
        found = self.explain(text, target)
        for fault in self.faults(found):
            warnings.warn(fault, stacklevel=2)
        return found

    def faults(self, found: Explanation) -> list[str]:
        """What a reader of an explanation has to know: characters that were not read, a sum that does not add up."""
        said = []
        if found["cut"]:
            lengths = sum(map(len, found.texts.values()))
            read = found["read"] if isinstance(found["read"], int) else sum(found["read"].values())
            said.append(
                f"the text has {lengths:,} characters, of which {self.network.name} read {read:,}: the rest has no score. "
                "Next: cut it into sentences"
            )
        if self.is_rough(found):
            error = found["completeness_error"]
            how = (
                "is not defined (text and baseline have the same score)"
                if error is None
                else f"is {error:.1%}"
            )
            said.append(
                f"the completeness error of {found['steps']} points {how}: expected at most {self.tolerance:.0%}, so the scores are rough. "
                f"Next: {self.advice}"
            )
        return said

    @property
    def advice(self) -> str:
        """What helps against a large completeness error."""
        return "another baseline" if self.steps == "auto" else "steps='auto', or another baseline"

    def is_rough(self, found: Explanation) -> bool:
        """Whether integrated gradients miss the difference by more than ``tolerance`` and the rounding of float32."""
        if self.method != "integrated-gradients":
            return False
        total = sum(part["score"] for part in (*found["tokens"], *found["template"]))
        value, baseline_value = found["value"], found["baseline_value"]
        gap, error = abs(total - (value - baseline_value)), found["completeness_error"]
        noise = _NOISE * max(1.0, abs(value), abs(baseline_value))
        return (error is None or error > self.tolerance) and gap > noise

    def explain(self, text: Any, target: Any = None) -> Explanation:
        """As a call, without warnings."""
        with self._exact():
            return self._explain(self.prepare(text), target)

    def prepare(self, text: Any) -> Prepared:
        """The text with its embeddings and those of its baseline."""
        with self._exact():
            return Prepared(
                self.network,
                self.network.read(text),
                baseline=self.baseline,
                output=self.output,
                token_budget=self.token_budget,
            )

    def kept(self, prepared: Prepared, number: int, kept: np.ndarray) -> np.ndarray:
        """The output (N,) of one class where only the ``kept`` units (N, U) of a text are as they are."""
        with self._exact():
            return prepared.kept(number, np.atleast_2d(kept))

    def _explain(self, prepared: Prepared, target: Any) -> Explanation:
        network, scores = self.network, prepared.ends()
        number = int(scores[0].argmax()) if target is None else network.class_number(target)
        values = prepared.outputs(scores, number).double().tolist()
        shares, used = prepared.shares(self.method, number, self.steps, self.tolerance)
        found = self._told(prepared.reading, shares)
        found.update(
            target=label(network.classes[number]),
            prediction=label(network.classes[int(scores[0].argmax())]),
            probability=float(network.probabilities(scores)[0, number]) if network.link else None,
            value=values[0],
            baseline_value=values[1],
            completeness_error=None
            if self.method == "gradient"
            else completeness_error(shares.sum(), *values),
            output=self.output,
            method=self.method,
            baseline=self.baseline,
            steps=used,
        )
        return found

    @contextmanager
    def _exact(self) -> Iterator[None]:
        """float32 and gradients, whatever context the caller is in."""
        with torch.inference_mode(False), torch.autocast(self.network.device.type, enabled=False):
            yield

    def _told(self, reading: Reading, shares: np.ndarray) -> Explanation:
        """The text, its tokens and words, and the template, with their scores."""
        several = len(reading.fields) > 1
        tokens, words, template, read = [], [], [], {}
        for unit, share in zip(reading.units, shares.tolist()):
            if isinstance(unit, Span):
                text = reading.fields[unit.field][unit.start : unit.end]
                tokens.append(
                    {"text": text, "start": unit.start, "end": unit.end, "score": share, "field": unit.field}
                )
            else:
                template.append({"text": unit.text, "score": share, "template": unit.template})
        for field, text in reading.fields.items():
            own = [token for token in tokens if token["field"] == field]
            words += [{**word, "field": field} for word in merge_words(text, own, self.words.spans(text))]
            read[field] = max((token["end"] for token in own), default=0) if reading.cut else len(text)
        if len({part["template"] for part in template}) < 2:
            for part in template:
                del part["template"]
        if not several:
            for part in (*tokens, *words):
                del part["field"]
        return Explanation(
            text=dict(reading.fields) if several else next(iter(reading.fields.values())),
            tokens=tokens,
            words=words,
            template=template,
            cut=reading.cut,
            read=read if several else next(iter(read.values())),
        )


def completeness_error(total: float, value: float, baseline_value: float) -> float | None:
    """|Σ − (F(x) − F(x̄))| / |F(x) − F(x̄)|; 0 where both are 0, None where only the difference is.

    Example:
        >>> completeness_error(1.98, 3.0, 1.0), completeness_error(0.0, 1.0, 1.0), completeness_error(0.1, 1.0, 1.0)
        (0.010000000000000009, 0.0, None)
    """
    difference = value - baseline_value
    gap = abs(float(total) - difference)
    return gap / abs(difference) if difference else None if gap else 0.0


def explain(
    classifier: Any,
    text: Any,
    target: Any = None,
    method: str = "integrated-gradients",
    baseline: str = "auto",
    steps: int | str = 50,
    output: str = "logit",
    **options: Any,
) -> Explanation:
    """Which characters of one text decided; `Explainer` takes many texts, and says what the arguments mean.

    Args:
        classifier, method, baseline, steps, output, **options: of `Explainer`.
        text: a str, or a pair for a classifier of pairs.
        target: the label to explain; None for the one that the classifier chooses.

    Raises:
        TypeError, ValueError: as `Explainer`.

    Example:
        >>> import torch, transformers
        >>> vocabulary = {token: number for number, token in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"很好差"])}
        >>> sizes = {"vocab_size": 8, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "num_labels": 2}
        >>> _ = torch.manual_seed(0)
        >>> model = transformers.BertForSequenceClassification(transformers.BertConfig(**sizes)).eval()
        >>> found = explain((model, transformers.BertTokenizer(vocab=vocabulary)), "很好", target="LABEL_1")
        >>> [token["text"] for token in found["tokens"]], found["target"], found["completeness_error"] < 0.01
        (['很', '好'], 'LABEL_1', True)
    """
    explainer = Explainer(classifier, method=method, baseline=baseline, steps=steps, output=output, **options)
    found = explainer.explain(text, target)
    for fault in explainer.faults(found):
        warnings.warn(fault, stacklevel=2)
    return found
