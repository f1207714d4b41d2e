"""What an explanation needs of a classifier: how it reads a text, its embeddings, class scores with gradients.

B rows, L positions, D width of the embedding, C classes.
"""

from __future__ import annotations

import copy
import difflib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from zhnlp.attribution.reading import Reading, View

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

AUTO = "auto"  # the usual baseline of the classifier
BASELINES = ("pad", "mask", "zero", "mean")
_ROWS = 4096  # of the embedding that are averaged together


class Explainable(ABC):
    """A classifier as attribution sees it; subclasses say how a text is read and how scores come from embeddings.

    Args:
        model: of transformers, or any module with ``get_input_embeddings()``. One that is in training mode or not in
            float32 is copied; no parameter, buffer or mode of the caller's is ever changed.
        tokenizer: of the model.
        name: what messages call it.

    Attributes:
        classes: labels, in the order of the scores.
        link: what makes probabilities of scores: "softmax", "sigmoid" (each class by itself), or None.
        fields: names of the texts that it reads: one, or two for pairs.
        methods: those that can explain it; None for all.
        pair: names of the two texts of a pair, where it reads pairs too; None where it does not.
    """

    classes: Sequence[Any]
    link: str | None = "softmax"
    fields: Sequence[str] = ("text",)
    methods: Sequence[str] | None = None

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, name: str):
        self.model = readable(model)
        self.tokenizer = tokenizer
        self.name = name
        self._references: dict[str, Tensor] = {}

    @property
    def device(self) -> torch.device:
        """Where the network runs."""
        return self.model.get_input_embeddings().weight.device

    @property
    def pair(self) -> Sequence[str] | None:
        return self.fields if len(self.fields) == 2 else None

    @property
    def usual_baseline(self) -> str:
        """What ``baseline="auto"`` is."""
        return "pad"

    @abstractmethod
    def read(self, text: Any) -> Reading:
        """The text as the network reads it.

        Raises:
            TypeError: it is no text, or no pair where one is expected.
        """

    @abstractmethod
    def scores(self, reading: Reading, embeds: Sequence[Tensor]) -> Tensor:
        """Class scores (B, C) of the embeddings (B, L, D) of each view."""

    def embed(self, view: View) -> Tensor:
        """The embeddings (L, D) of the tokens of a view."""
        return self._rows(view.ids)

    def reference(self, baseline: str) -> Tensor:
        """The embedding (D,) that stands for "no token".

        Args:
            baseline: "pad" or "mask", the row of that token; "zero"; "mean", the mean of all rows of the vocabulary.

        Raises:
            ValueError: the baseline is not known, or the tokenizer has no such token.
        """
        if baseline not in BASELINES:
            raise ValueError(
                f"baseline={baseline!r} is not known: expected {', '.join(BASELINES[:-1])} or mean"
            )
        if baseline not in self._references:
            self._references[baseline] = self._reference(baseline)
        return self._references[baseline]

    def logits(self, scores: Tensor) -> Tensor:
        """What ``output="logit"`` explains, (B, C) of class scores (B, C): the scores as they are."""
        return scores

    def probabilities(self, scores: Tensor) -> Tensor:
        """Probabilities (B, C) of class scores (B, C).

        Raises:
            ValueError: the classifier has none, because it is trained for numbers.
        """
        if self.link is None:
            raise ValueError(
                f"{self.name} is trained for numbers (regression) and has no probabilities: expected output='logit'"
            )
        return scores.softmax(-1) if self.link == "softmax" else scores.sigmoid()

    def class_number(self, target: Any) -> int:
        """The place of a label among the classes; see `class_number`."""
        return class_number(self.classes, target, self.name)

    def _reference(self, baseline: str) -> Tensor:
        size = min(len(self.tokenizer), self.model.get_input_embeddings().weight.shape[0])
        if baseline == "zero":
            return torch.zeros_like(self._rows([0])[0])
        if baseline == "mean":
            total = torch.zeros_like(self._rows([0])[0], dtype=torch.float64, device="cpu")
            for begin in range(0, size, _ROWS):
                total += self._rows(range(begin, min(begin + _ROWS, size))).cpu().double().sum(0)
            return (total / size).float().to(self.device)
        number = getattr(self.tokenizer, f"{baseline}_token_id", None)
        if number is None:
            there = [
                name
                for name in ("pad", "mask")
                if getattr(self.tokenizer, f"{name}_token_id", None) is not None
            ]
            raise ValueError(
                f"baseline={baseline!r} is not possible: the tokenizer of {self.name} has no {baseline} token. Expected "
                f"{', '.join([*there, 'zero'])} or mean"
            )
        return self._rows([number])[0]

    def _rows(self, ids: Sequence[int]) -> Tensor:
        """Through the module and not from its weight: some models scale their embeddings."""
        with torch.no_grad():
            return self.model.get_input_embeddings()(torch.tensor(list(ids), device=self.device)).clone()


def readable(model: Any) -> Any:
    """The model itself if it is in evaluation mode and float32, else a copy that is."""
    floats = {value.dtype for value in model.parameters() if value.is_floating_point()}
    training = any(module.training for module in model.modules())
    return copy.deepcopy(model).float().eval() if training or floats - {torch.float32} else model


def split_fields(text: Any, fields: Sequence[str], name: str) -> dict[str, str]:
    """A text, a pair or a dict of texts as a dict by field.

    Raises:
        TypeError: it is none of these.

    Example:
        >>> split_fields("电网", ["text"], "x"), split_fields(("电网", "电力"), ["text_a", "text_b"], "x")
        ({'text': '电网'}, {'text_a': '电网', 'text_b': '电力'})
    """
    values: Any = text
    if isinstance(text, str):
        values = (text,)
    elif isinstance(text, Mapping):
        values = tuple(text.get(field) for field in fields) if set(text) == set(fields) else None
    one, several = "a text (str)", f"a pair: (a, b), or a dict with {' and '.join(map(repr, fields))}"
    good = isinstance(values, (tuple, list)) and len(values) == len(fields)
    if not good or not all(isinstance(value, str) for value in values):
        got = (
            f"a dict with {', '.join(map(repr, text))}" if isinstance(text, Mapping) else type(text).__name__
        )
        raise TypeError(f"{name} got {got} to explain: expected {one if len(fields) == 1 else several}")
    return dict(zip(fields, values))


def log_odds(scores: Tensor) -> Tensor:
    """Scores (B, C) less the log of the summed exponentials of the other classes' scores, in nats.

    Example:
        >>> log_odds(torch.tensor([[0.8, 0.2]]).log()).round(decimals=3).tolist()
        [[1.38..., -1.38...]]
    """
    others = torch.eye(scores.shape[1], dtype=torch.bool, device=scores.device)
    rest = scores[:, None].expand(-1, len(others), -1).masked_fill(others, float("-inf"))
    return scores - rest.logsumexp(2)


def class_number(classes: Sequence[Any], target: Any, name: str = "the classifier") -> int:
    """The place of a label among the classes; a number counts as place where no class is a number.

    Raises:
        ValueError: no such class.

    Example:
        >>> class_number(["负面", "正面"], "正面"), class_number([0, 1], "1"), class_number(["负面", "正面"], 0)
        (1, 1, 0)
    """
    labels = [label(one) for one in classes]
    for same in (lambda one: one == target, lambda one: str(one) == str(target)):
        for number, one in enumerate(labels):
            if same(one):
                return number
    numbered = isinstance(target, int) and not isinstance(target, bool)
    if numbered and not any(isinstance(one, int) for one in labels) and 0 <= target < len(labels):
        return target
    near = difflib.get_close_matches(str(target), [str(one) for one in labels], n=20, cutoff=0)
    raise ValueError(f"target={target!r} is no class of {name}: expected one of {', '.join(map(repr, near))}")


def label(value: Any) -> Any:
    """A label as json can write it: numpy's numbers become Python's."""
    return value.item() if hasattr(value, "item") else value
