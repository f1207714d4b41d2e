"""A step whose model has conditional norms: each hypothesis keeps the condition of the text that it belongs to.

N rows, C features of the condition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import Tensor

from zhnlp.decoding.step import Step, StepOutput

if TYPE_CHECKING:
    from zhnlp.nn.conditional_norm import Condition


@dataclass(frozen=True)
class ConditionedCache:
    """What the step has read, and the condition (N, C) of each row; `select_rows` picks from both."""

    read: Any
    vector: Tensor


class Conditioned:
    """Another step, under the condition of each row.

    Args:
        step: of a model whose norms `zhnlp.nn.conditional_norm.swap_norms` swapped.
        condition: what that returned, or that of the copy which the step reads with.
        vector: (B, C), one for each row of the prefix.

    Example:
        >>> import torch
        >>> from transformers import GPT2Config, GPT2LMHeadModel
        >>> from zhnlp.decoding import CausalStep, generate
        >>> from zhnlp.nn.conditional_norm import swap_norms
        >>> model = GPT2LMHeadModel(GPT2Config(vocab_size=9, n_embd=8, n_layer=1, n_head=2, bos_token_id=1, eos_token_id=2))
        >>> condition = swap_norms(model, 3)
        >>> step = Conditioned(CausalStep(model.eval()), condition, torch.randn(2, 3))
        >>> len(generate(step, torch.tensor([[1], [1]]), end=2, max_new_tokens=4, beams=3))
        2
    """

    def __init__(self, step: Step, condition: Condition, vector: Tensor):
        self.step, self.condition, self.vector = step, condition, vector

    def __call__(self, tokens: Tensor, cache: ConditionedCache | None) -> StepOutput:
        """Scores of what comes after ``tokens`` (N, T).

        Raises:
            ValueError: the prefix has another number of rows than there are conditions.
        """
        if cache is None:
            if len(self.vector) != len(tokens):
                raise ValueError(
                    f"there are {len(self.vector)} conditions for {len(tokens)} rows of the prefix: expected one a row"
                )
            cache = ConditionedCache(None, self.vector)
        with self.condition.given(cache.vector):
            output = self.step(tokens, cache.read)
        return output._replace(cache=ConditionedCache(output.cache, cache.vector))
