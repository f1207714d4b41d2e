"""Scheduled sampling: the decoder reads, more and more often, what it would have written itself.

B batch, L positions, M places with labels, V vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from zhnlp.training.regularizers.base import Regularizer, at_least_float32, forward, logits_of
from zhnlp.training.regularizers.decoder_inputs import DecoderInputs
from zhnlp.training.regularizers.embedding_noise import frozen_statistics

SCHEDULES: dict[str, Callable[[float], float]] = {  # of batches seen / steps, 0 to 1
    "linear": lambda x: min(x, 1.0),
    "exponential": lambda x: 1 - math.exp(-5 * x),
    "sigmoid": lambda x: 1 / (1 + math.exp(5 - 10 * x)),
}


class ScheduledSampling(Regularizer):
    """Two passes: the first predicts each token of the target behind the right ones, the second reads some of these predictions.

    The first pass has no gradient, and the dropout of training.  Special tokens (see `RandomTargetReplacement`) are neither
    replaced nor read in the place of others; labels stay.  The model returns logits (B, L, V), or (M, V) of the places with
    labels, row by row, as `UniLM` does.

    Args:
        rate: probability of a token to be replaced at the end of the schedule, 0 to 1.
        steps: micro-batches until then, 1 or more.
        schedule: how the probability rises: "linear", "exponential" (fast at first) or "sigmoid" (slow, fast, slow).
        sample: read tokens drawn from the predicted distribution instead of the likeliest ones.
        special_ids: such as ``tokenizer.all_special_ids``.

    Costs one forward pass a batch, none while the probability is 0.

    Raises:
        ValueError: an argument is out of range, a batch has no inputs of a decoder, or there are not as many logits as labels.

    Example:
        >>> part = ScheduledSampling(rate=0.5, steps=100)
        >>> part.load_state_dict({"seen": 50})
        >>> part.probability
        0.25

    Source: 苏剑林, https://kexue.fm/archives/7259; Mihaylova & Martins 2019, https://arxiv.org/abs/1906.07651; Bengio et al. 2015,
    https://arxiv.org/abs/1506.03099
    """

    def __init__(
        self,
        rate: float = 0.25,
        steps: int = 1000,
        *,
        schedule: str = "linear",
        sample: bool = False,
        special_ids: Iterable[int] = (),
    ):
        if not 0 <= rate <= 1 or not steps >= 1:
            raise ValueError(
                f"rate, steps got {rate!r}, {steps!r}: expected a probability, 0 to 1, and 1 or more micro-batches"
            )
        if schedule not in SCHEDULES:
            raise ValueError(f"schedule got {schedule!r}: expected one of {', '.join(map(repr, SCHEDULES))}")
        self.rate, self.steps, self.schedule, self.sample = float(rate), int(steps), schedule, sample
        self.special_ids = sorted({*special_ids})
        self._seen = 0  # micro-batches

    @property
    def probability(self) -> float:
        """That of a token of the next batch to be replaced."""
        return self.rate * SCHEDULES[self.schedule](self._seen / self.steps)

    def inputs(self, model: nn.Module, inputs: Any) -> Any:
        if not model.training:
            return inputs
        read, probability = DecoderInputs.of(inputs), self.probability
        self._seen += 1
        if probability == 0:
            return inputs
        with torch.no_grad(), frozen_statistics(model):
            logits = logits_of(forward(model, inputs))
        predicted, known = self._predicted(logits, inputs.get("labels"), read.ids)
        special = read.special(model, self.special_ids)
        chosen = torch.rand(read.ids.shape, device=read.ids.device) < probability
        chosen &= read.target & known & ~torch.isin(read.ids, special) & ~torch.isin(predicted, special)
        return read.changed(inputs, torch.where(chosen, predicted, read.ids))

    def state_dict(self) -> dict[str, Any]:
        """How many micro-batches were seen."""
        return {"seen": self._seen}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._seen = state.get("seen", 0)

    def _predicted(self, logits: Tensor, labels: Any, ids: Tensor) -> tuple[Tensor, Tensor]:
        """What is predicted for each token that the decoder reads (B, L), by the place before it, and where anything is."""
        has_label = labels != -100 if isinstance(labels, Tensor) else torch.ones_like(ids, dtype=torch.bool)
        if logits.ndim == 3 and has_label.shape == logits.shape[:2]:
            logits = logits[has_label]
        if has_label.shape != ids.shape or logits.ndim != 2 or len(logits) != has_label.sum():
            raise ValueError(
                f"the first pass gave logits {tuple(logits.shape)} for {int(has_label.sum())} labels in {tuple(has_label.shape)} and inputs "
                f"{tuple(ids.shape)} of the decoder: expected a vector of the vocabulary for each label, or for each input"
            )
        predicted = ids.new_zeros(ids.shape)
        predicted[has_label] = self._tokens(logits)
        known = has_label.roll(1, 1)
        known[:, 0] = False
        return predicted.roll(1, 1), known

    def _tokens(self, logits: Tensor) -> Tensor:
        """A token (M,) for each vector of logits (M, V)."""
        if not self.sample:
            return logits.argmax(-1)
        return torch.multinomial(at_least_float32(logits).softmax(-1), 1)[:, 0]
