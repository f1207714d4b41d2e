"""A causal language model of transformers as a step of the decoder: GPT-2, GPT-NeoX, Llama, Qwen and their like.

N rows, T tokens, L tokens read so far, padding included.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from zhnlp.decoding.growing_cache import GrowingLayer, growing_cache
from zhnlp.decoding.step import StepOutput

if TYPE_CHECKING:
    from transformers import PreTrainedModel
    from transformers.cache_utils import Cache


@dataclass(frozen=True)
class CausalCache:
    """What a causal model has read.

    Attributes:
        states: keys and values, as transformers keeps them.
        mask: (N, L), 1 for real tokens.
        positions: (N,) of the last token, 0 for the first real one.
        prefixes: (N,) which row of the prefix each row began with.
        shared: tokens of the prefix, whose states are the same for all rows that began with it.
    """

    states: Cache
    mask: Tensor
    positions: Tensor
    prefixes: Tensor
    shared: int

    def select(self, rows: Tensor) -> CausalCache:
        """These rows, in this order; the states are changed in place."""
        mask, positions, prefixes = (
            x.index_select(0, rows) for x in (self.mask, self.positions, self.prefixes)
        )
        same = len(rows) <= len(self.prefixes) and torch.equal(prefixes, self.prefixes[: len(rows)])
        for layer in self.states.layers:
            if isinstance(layer, GrowingLayer):
                layer.reorder(rows, self.shared if same else 0)
            else:
                layer.reorder_cache(rows)
        return replace(self, mask=mask, positions=positions, prefixes=prefixes)


class CausalStep:
    """The step of a causal model, which reads every token once.

    Args:
        model: in eval mode, on the device of the prefix.
        mask: (B, P) of the prefix, 1 for real tokens, 0 for padding on the left; None where there is no padding.

    Raises:
        ValueError: the model is in training mode.

    Example:
        >>> from transformers import GPT2Config, GPT2LMHeadModel
        >>> from zhnlp.decoding import generate
        >>> model = GPT2LMHeadModel(GPT2Config(vocab_size=9, n_embd=8, n_layer=1, n_head=2, bos_token_id=1, eos_token_id=2))
        >>> [[best]] = generate(CausalStep(model.eval()), torch.tensor([[1, 5]]), end=2, max_new_tokens=4, beams=3)
        >>> len(best.tokens) <= 4 and best.score < 0
        True
    """

    def __init__(self, model: PreTrainedModel, mask: Tensor | None = None):
        if model.training:
            raise ValueError(
                f"{type(model).__name__} is in training mode, where dropout makes every step a different one: expected "
                "eval mode. Next: model.eval()"
            )
        self.model = model
        self.mask = mask
        taken = inspect.signature(model.forward).parameters
        self._takes_positions = "position_ids" in taken
        self._keep = {"logits_to_keep": 1} if "logits_to_keep" in taken else {}

    def __call__(self, tokens: Tensor, cache: CausalCache | None) -> StepOutput:
        """Scores of what comes after ``tokens`` (N, T), behind what the cache has read."""
        if cache is None:
            mask = self._prefix_mask(tokens)
            positions = (mask.cumsum(-1) - 1).clamp(min=0)  # (N, T)
            cache = CausalCache(
                growing_cache(self.model.config),
                mask,
                positions[:, -1],
                torch.arange(len(tokens), device=tokens.device),
                tokens.shape[1],
            )
        else:
            mask = torch.cat([cache.mask, torch.ones_like(tokens)], dim=1)
            positions = cache.positions[:, None] + 1
            cache = replace(cache, mask=mask, positions=positions[:, -1])
        output = self.model(
            input_ids=tokens,
            attention_mask=cache.mask,
            past_key_values=cache.states,
            use_cache=True,
            **({"position_ids": positions} if self._takes_positions else {}),
            **self._keep,
        )
        return StepOutput(output.logits[:, -1], cache)

    def _prefix_mask(self, tokens: Tensor) -> Tensor:
        if self.mask is None:
            return torch.ones_like(tokens)
        if self.mask.shape != tokens.shape:
            raise ValueError(
                f"mask is {tuple(self.mask.shape)} where the prefix is {tuple(tokens.shape)}: expected the same"
            )
        return self.mask.long()
