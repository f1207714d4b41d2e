"""A classifier of texts without embeddings, such as a scikit-learn pipeline: its characters can be covered, one by one.

In place of an embedding a character has its code point, and the baseline is the code point of a sign that no text has; so a row
of "embeddings" is a text again.  B rows, L characters, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zhnlp.attribution.explainable import Explainable, log_odds, split_fields
from zhnlp.attribution.reading import Reading, Span, View
from zhnlp.text import replace_surrogates

PAIR = ("text_a", "text_b")
COVER = "\ufffc"  # stands where a character was: no n-gram of a text has it
_LEAST = 1e-12  # probability; trees and neighbours may give 0, whose log is none


class BlackBox(Explainable):
    """Any classifier with ``classes_`` and ``predict_proba`` over texts, or over pairs (a, b); explained by occlusion.

    The logit of a class is its log-odds against the others, of a logistic regression its ``decision_function``.

    Args:
        classifier: fitted.

    Raises:
        TypeError: it has no ``classes_``.
        NotFittedError: it is not fitted.

    Example:
        >>> from zhnlp.attribution import explain
        >>> from zhnlp.few_shot.baselines import bag_of_characters
        >>> classifier = bag_of_characters().fit(["很好看", "真好", "太差了", "差劲"], ["正面", "正面", "负面", "负面"])
        >>> found = explain(classifier, "这个太差了", method="occlusion")
        >>> found["target"], found.top(1, of="tokens")[0]["text"]
        ('负面', '差')
    """

    methods = ("occlusion",)
    usual_baseline = "covered"
    pair = PAIR
    device = torch.device("cpu")

    def __init__(self, classifier: Any):
        self.classifier, self.name, self.tokenizer = classifier, type(classifier).__name__, None
        classes = getattr(classifier, "classes_", None)
        if classes is None:
            _check_fitted(classifier)
            raise TypeError(
                f"explain got {self.name}, which has predict_proba and no classes_: expected a classifier of scikit-learn, or one like it. "
                "Next: give it an attribute classes_, the labels in the order of the columns of predict_proba"
            )
        self.classes = list(classes)

    def read(self, text: Any) -> Reading:
        single = isinstance(text, str) or (isinstance(text, Mapping) and set(text) == set(self.fields))
        fields = split_fields(text, self.fields if single else PAIR, self.name)
        ids, means = [], []
        for field, value in fields.items():
            for place, character in enumerate(replace_surrogates(value)):
                ids.append(ord(character))
                means.append(None if character.isspace() else Span(field, place, place + 1))
        return Reading(fields, [View(ids, means)])

    def reference(self, baseline: str) -> Tensor:
        if baseline != self.usual_baseline:
            raise ValueError(
                f"baseline={baseline!r} is a vector, and {self.name} reads texts and no vectors: expected 'auto', which covers a "
                "character by a sign that no text has"
            )
        return torch.tensor([float(ord(COVER))])

    def embed(self, view: View) -> Tensor:
        return torch.tensor(view.ids, dtype=torch.float32)[:, None]  # (L, 1), exact below 2^24

    def scores(self, reading: Reading, embeds: Sequence[Tensor]) -> Tensor:
        lengths = list(map(len, reading.fields.values()))
        rows = [
            "".join(map(chr, row)) for row in embeds[0][..., 0].long().tolist()
        ]  # of both texts of a pair
        first = lengths[0]
        chances = self._chances(rows if len(lengths) == 1 else [(row[:first], row[first:]) for row in rows])
        return torch.from_numpy(np.log(np.maximum(chances, _LEAST)))

    def logits(self, scores: Tensor) -> Tensor:
        return log_odds(scores)

    def _chances(self, texts: list[Any]) -> np.ndarray:
        """The probabilities (B, C) of texts, or pairs."""
        try:
            chances = self.classifier.predict_proba(texts)
        except (TypeError, ValueError, AttributeError, IndexError, KeyError) as error:
            _check_fitted(self.classifier)
            why = str(error).partition("\n")[0].rstrip(": ")
            kind = "texts" if isinstance(texts[0], str) else "pairs (a, b)"
            raise TypeError(
                f"predict_proba of {self.name} does not take {kind} ({why}): expected a classifier of {kind}. Likely it takes "
                "vectors. Next: make_pipeline(vectorizer, classifier) of scikit-learn, fitted on texts"
            ) from error
        chances, shape = np.asarray(chances, float), (len(texts), len(self.classes))
        if chances.shape != shape or not np.allclose(chances.sum(1), 1, atol=1e-3):
            raise ValueError(
                f"predict_proba of {self.name} gives {chances.shape} for {len(texts)} texts: expected {shape}, each row with the sum 1. "
                "Likely a text has several labels. Next: one classifier for each label"
            )
        return chances


def _check_fitted(classifier: Any) -> None:
    from sklearn.base import BaseEstimator
    from sklearn.utils.validation import check_is_fitted

    if isinstance(classifier, BaseEstimator):
        check_is_fitted(classifier)
