"""All that changes the scores of the next token, in the order of transformers: repetition, n-grams, words, length, then yours."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from zhnlp.decoding.constraints.ngrams import block_repeated_ngrams
from zhnlp.decoding.constraints.repetition import penalise_repetition
from zhnlp.decoding.constraints.words import ForbiddenPhrases, TokenSet
from zhnlp.decoding.history import History
from zhnlp.decoding.options import DecodingOptions, PerRow

Processor = Callable[[Tensor, Tensor], Tensor]
"""``processor(tokens, scores)``: (N, L) and (N, V) → (N, V), as transformers' logits processors."""


class Constraints:
    """The options that change scores, for a vocabulary of ``size`` and a prefix of so many ``rows``.

    Attributes:
        nothing: none of them is set.
        rescale: some change scores that stay finite.

    Raises:
        ValueError: an option names a token that is not in the vocabulary.
    """

    def __init__(
        self,
        options: DecodingOptions,
        processors: Iterable[Processor],
        *,
        size: int,
        rows: int,
        device: torch.device,
    ):
        check_ids(options, size)
        self.options, self.processors = options, tuple(processors)
        self.ends = torch.tensor(options.end, dtype=torch.long, device=device)
        self.words = TokenSet(options, size, rows, device)
        self.phrases = ForbiddenPhrases(options.forbidden, device)
        self.set = bool(self.words)
        self.rescale = options.repetition_penalty != 1 or bool(self.processors)
        self.nothing = not (
            self.rescale
            or options.no_repeat_ngram
            or self.set
            or self.phrases
            or (options.min_new_tokens and options.end)
        )

    def __call__(self, scores: Tensor, history: History, rows: Tensor) -> Tensor:
        """The scores (N, V), changed in place, of hypotheses that belong to ``rows`` (N,) of the prefix."""
        options = self.options
        if options.repetition_penalty != 1:
            penalise_repetition(scores, history.filled, options.repetition_penalty)
        if options.no_repeat_ngram:
            block_repeated_ngrams(scores, history.tokens, options.no_repeat_ngram)
        if self.phrases:
            self.phrases(scores, history.tokens, rows)
        if len(history) < options.min_new_tokens and options.end:
            scores.index_fill_(1, self.ends, -math.inf)
        if self.set:
            self.words(scores, rows)
        for processor in self.processors:
            scores = processor(history.filled, scores)
        return scores


def check_ids(options: DecodingOptions, size: int) -> None:
    """Refuse ids that the step does not score."""
    given = {"end": [options.end]}
    for name in ("forced", "forbidden"):
        value = getattr(options, name)
        given[name] = [phrase for row in (value if isinstance(value, PerRow) else [value]) for phrase in row]
    given["allowed"] = options.allowed if isinstance(options.allowed, PerRow) else [options.allowed or ()]
    for name, groups in given.items():
        largest = max((max(group) for group in groups if group), default=-1)
        if largest >= size:
            raise ValueError(
                f"{name} holds the token {largest:,}, but the step scores {size:,} tokens: expected 0 to {size - 1:,}. The "
                "tokenizer is likely not the model's"
            )
