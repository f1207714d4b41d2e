"""Sequence classifiers of transformers: any model that takes ``inputs_embeds`` and gives logits (B, C)."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from zhnlp.attribution.explainable import Explainable, split_fields
from zhnlp.attribution.reading import Literal, Reading, Span, View
from zhnlp.models.length_limit import length_limit
from zhnlp.text import replace_surrogates
from zhnlp.tokenizers.alignment import is_only_blank

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

PAIR = ("text_a", "text_b")


class SequenceClassifier(Explainable):
    """A sequence classifier of transformers, or any module that is called in the same way.

    The tokens that the tokenizer adds ([CLS], [SEP] and their like) stay in the baseline; what the user wrote, [UNK] and
    a [MASK] in the text too, goes along.  All rows of a batch are one text, so nothing is padded.

    Args:
        model: gives logits (B, C) for ``inputs_embeds`` (B, L, D) and ``attention_mask`` (B, L).
        tokenizer: a fast one.
        name: what messages call it; None for the class of the model.
        classes: labels; None for those of the model's config, else numbers.
        max_length: tokens of a text at most, special ones included; None for what the model reads.

    Raises:
        TypeError: the model does not take ``inputs_embeds``, or the tokenizer is not fast.
        ValueError: the model is no classifier, or ``classes`` are not as many as its outputs.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerFast,
        *,
        name: str | None = None,
        classes: Sequence[Any] | None = None,
        max_length: int | None = None,
    ):
        name = name or type(model).__name__
        backend = getattr(tokenizer, "backend_tokenizer", None)
        if backend is None:
            raise TypeError(
                f"{name} comes with the tokenizer {type(tokenizer).__name__}: expected a fast one, which knows the offsets of its "
                "tokens. Next: zhnlp.tokenizers.load(folder)"
            )
        if not callable(getattr(model, "get_input_embeddings", None)):
            raise TypeError(f"{name} is {type(model).__name__}: expected a model with get_input_embeddings()")
        self._parameters = inspect.signature(model.forward).parameters.values()
        if not self._takes("inputs_embeds"):
            raise TypeError(
                f"{name} does not take inputs_embeds: expected a model whose embeddings can be handed over. Next: a classifier "
                "of BERT, RoFormer, RoBERTa, ModernBERT or the like"
            )
        super().__init__(model, tokenizer, name)
        self._backend = copy.deepcopy(backend)  # its truncation is set once, so threads can share it
        self._backend.no_padding()
        self._limit = length_limit(tokenizer, self._config, max_length)
        self._backend.enable_truncation(self._limit)
        self.classes = self._classes(classes)

    @property
    def pair(self) -> Sequence[str]:
        return PAIR

    def read(self, text: Any) -> Reading:
        single = isinstance(text, str) or (isinstance(text, Mapping) and set(text) == set(self.fields))
        fields = self.fields if single else PAIR
        values = split_fields(text, fields, self.name)
        given = [replace_surrogates(value) for value in values.values()]
        encoding = self._backend.encode(*given)
        means = []
        for number, (token, special, side) in enumerate(
            zip(encoding.tokens, encoding.special_tokens_mask, encoding.sequence_ids)
        ):
            start, end = encoding.offsets[number]
            if special:
                means.append(None)
            elif side is None or start == end:
                means.append(Literal(token, number))
            else:
                span = Span(fields[side], start, end)
                means.append(
                    Literal(token, number) if is_only_blank(token, given[side], (start, end)) else span
                )
        inputs = {}
        if self._takes("token_type_ids") and "token_type_ids" in self.tokenizer.model_input_names:
            inputs["token_type_ids"] = encoding.type_ids
        return Reading(values, [View(encoding.ids, means, inputs)], cut=bool(encoding.overflowing))

    def scores(self, reading: Reading, embeds: Sequence[Tensor]) -> Tensor:
        (view,), (rows,) = reading.views, embeds
        size = rows.shape[:2]
        inputs = {
            name: torch.tensor([list(value)], device=rows.device).expand(size)
            for name, value in view.inputs.items()
        }
        if self._takes("attention_mask"):
            inputs["attention_mask"] = torch.ones(size, dtype=torch.long, device=rows.device)
        if self._one_by_one and len(rows) > 1:
            each = [self._logits(row[None], {k: v[:1] for k, v in inputs.items()}) for row in rows]
            return torch.cat(each)
        return self._logits(rows, inputs)

    def _takes(self, name: str) -> bool:
        return any(one.name == name or one.kind is one.VAR_KEYWORD for one in self._parameters)

    def _logits(self, rows: Tensor, inputs: dict[str, Tensor]) -> Tensor:
        output = self.model(inputs_embeds=rows, **inputs)
        return getattr(output, "logits", output if isinstance(output, Tensor) else None)

    @property
    def _config(self) -> Any:
        return getattr(self.model, "config", None)

    @property
    def _one_by_one(self) -> bool:
        """Models that classify by the last token refuse batches where they know no padding."""
        text = getattr(self._config, "get_text_config", lambda: None)()
        return text is not None and text.pad_token_id is None and hasattr(self.model, "score")

    def _classes(self, classes: Sequence[Any] | None) -> list[Any]:
        """Labels for what the model gives; one text is run to see it."""
        reading = Reading({"text": ""}, [View(self._backend.encode("").ids or [0], [])])
        with torch.no_grad():
            logits = self.scores(reading, [self.embed(reading.views[0])[None]])
        if not isinstance(logits, Tensor) or logits.ndim != 2:
            shape = tuple(logits.shape) if isinstance(logits, Tensor) else "no logits"
            raise ValueError(
                f"{self.name} is {type(self.model).__name__} and no classifier: it gives {shape}, expected logits (texts, classes). "
                "Next: a checkpoint ...ForSequenceClassification, or zhnlp.few_shot.PromptClassifier(model=...) for a masked model"
            )
        count = logits.shape[1]
        named = getattr(self._config, "id2label", None) or {}
        kind = getattr(self._config, "problem_type", None)
        if kind == "regression":
            self.link = None
        elif kind == "multi_label_classification" or count == 1:
            self.link = "sigmoid"
        if classes is None:
            return [named.get(number, number) for number in range(count)]
        if len(classes) != count:
            raise ValueError(
                f"{self.name} has {count} outputs, and {len(classes)} classes are given: expected as many"
            )
        return list(classes)
