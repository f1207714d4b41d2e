"""The door of the decoder: `generate` writes on from a prefix with any step function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from zhnlp.decoding.beam import beam_search
from zhnlp.decoding.constraints.chain import Processor
from zhnlp.decoding.hypotheses import Hypothesis
from zhnlp.decoding.options import DecodingOptions
from zhnlp.decoding.request import Request
from zhnlp.decoding.step import Step
from zhnlp.decoding.stop import Text
from zhnlp.decoding.token_by_token import decode_token_by_token


@torch.inference_mode()
def generate(
    step: Step,
    prefix: Tensor,
    options: DecodingOptions | None = None,
    *,
    cache: Any = None,
    prefix_mask: Tensor | None = None,
    source_mask: Tensor | None = None,
    text: Text | None = None,
    stream: Callable[[Any], Any] | None = None,
    processors: Sequence[Processor] = (),
    **keywords: Any,
) -> list[list[Hypothesis]]:
    """Write on from each row of a prefix: its ``num_return`` best texts, best first.

    Greedy search by default, beam search with ``beams`` above 1, sampling with ``sample=True``.  A row alone and in a batch
    gives the same, and leaves the batch when its texts have ended.

    Args:
        step: what a model is to the decoder, see `zhnlp.decoding.step`; called with the prefix first, then token by token.
        prefix: (B, P) ids, padded on the left.
        options: how to decode; its fields may also be given by keyword, and then count.
        cache: for the first call of the step, with a row for each of the prefix.
        prefix_mask: (B, P), true for real tokens, so that padding is no repetition; None for all.
        source_mask: (B, S), true where the source is real, for coverage; None for everywhere.
        text: tokens → what they say, for stop strings, streaming and `Hypothesis.text`.
        stream: called with each new piece of text (without ``text``: list of tokens) as soon as it is final; for one row,
            greedy or sampled.
        processors: called with the tokens (N, L) and scores (N, V) of each step, return the scores to go by, as
            transformers' logits processors.
        **keywords: fields of `DecodingOptions`.

    Returns:
        A list of hypotheses for each row; fewer than asked for where there are no more.

    Raises:
        TypeError, ValueError: an option, the prefix or what the step gives is not as expected; no token may follow.

    Example:
        >>> def step(tokens, cache):  # after token n always n + 1, but for a chance of 1 in 10 that it ends
        ...     p = torch.full((len(tokens), 6), 1e-9).scatter(1, (tokens[:, -1:] + 1).clamp(max=5), 0.9)
        ...     return StepOutput(p.index_fill(1, torch.tensor(0), 0.1).log(), None)
        >>> from zhnlp.decoding.step import StepOutput
        >>> generate(step, torch.tensor([[1], [3]]), end=0, max_new_tokens=3)[0][0].tokens
        [2, 3, 4]
    """
    if options is None:
        options = DecodingOptions(**keywords)
    elif keywords:
        options = replace(options, **keywords)
    request = Request(step, prefix, options, cache, prefix_mask, source_mask, text, stream, tuple(processors))
    if options.beams > 1 or any(options.forced):
        return beam_search(request)
    return decode_token_by_token(request)
