"""One call of the decoder: what was given, checked, and what both ways of decoding need of it.

B rows of the prefix, P its length, N hypotheses, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from zhnlp.decoding.constraints.chain import Constraints, Processor
from zhnlp.decoding.coverage import Coverage
from zhnlp.decoding.history import History
from zhnlp.decoding.hypotheses import Hypothesis
from zhnlp.decoding.options import DecodingOptions, PerRow
from zhnlp.decoding.step import Step, StepOutput
from zhnlp.decoding.stop import StopStrings, Text


@dataclass(frozen=True)
class Request:
    """What `generate` was given.

    Raises:
        TypeError, ValueError: parts that do not fit each other.
    """

    step: Step
    prefix: Tensor
    options: DecodingOptions
    cache: Any = None
    prefix_mask: Tensor | None = None
    source_mask: Tensor | None = None
    text: Text | None = None
    stream: Callable[[Any], Any] | None = None
    processors: Sequence[Processor] = ()

    def __post_init__(self):
        prefix, options = self.prefix, self.options
        if (
            not isinstance(prefix, Tensor)
            or prefix.ndim != 2
            or prefix.dtype != torch.long
            or not prefix.numel()
        ):
            got = (
                f"{prefix.dtype} {tuple(prefix.shape)}"
                if isinstance(prefix, Tensor)
                else type(prefix).__name__
            )
            raise TypeError(
                f"the prefix is {got}: expected ids (B, P) in a tensor of torch.int64, a token or more a row"
            )
        if self.prefix_mask is not None:
            if self.prefix_mask.shape != prefix.shape:
                raise ValueError(
                    f"prefix_mask is {tuple(self.prefix_mask.shape)} where the prefix is {tuple(prefix.shape)}: expected the same"
                )
            if not bool(self.prefix_mask[:, -1].all()):
                raise ValueError(
                    "prefix_mask ends in padding: expected padding on the left, so that every row ends together"
                )
        for field in fields(options):
            value = getattr(options, field.name)
            if isinstance(value, PerRow) and len(value) != len(prefix):
                raise ValueError(
                    f"{field.name} has {len(value)} values for {len(prefix)} rows: expected one a row"
                )
        if options.stop and self.text is None:
            raise TypeError(
                f"stop={options.stop!r} without text=: expected a function from tokens to what they say"
            )
        several = len(prefix) > 1 or options.num_return > 1 or options.beams > 1 or any(options.forced)
        if self.stream is not None and several:
            raise ValueError(
                f"stream= with {len(prefix)} rows, beams={options.beams}, num_return={options.num_return} and forced="
                f"{options.forced}: expected one row, 1, 1 and none, as only then a token that was written stays"
            )

    @property
    def rows(self) -> int:
        """B."""
        return len(self.prefix)

    def limits(self) -> Tensor:
        """Tokens that each row (B,) may write."""
        most = self.options.max_new_tokens
        return torch.tensor(
            most if isinstance(most, PerRow) else [most] * self.rows, device=self.prefix.device
        )

    @cached_property
    def ends(self) -> Tensor:
        """Tokens that end a text."""
        return torch.tensor(self.options.end, dtype=torch.long, device=self.prefix.device)

    def is_end(self, tokens: Tensor) -> Tensor:
        """Where tokens end a text."""
        return torch.isin(tokens, self.ends)

    def history(self) -> History:
        return History(self.prefix, self.prefix_mask, count_prefix=self.options.count_prefix)

    def coverage(self) -> Coverage | None:
        return Coverage(self.source_mask) if self.options.coverage else None

    def stops(self) -> StopStrings | None:
        return StopStrings.of(self.options, self.text)

    def constraints(self, log_p: Tensor) -> Constraints:
        """For the vocabulary that ``log_p`` (N, V) is of."""
        return Constraints(
            self.options, self.processors, size=log_p.shape[1], rows=self.rows, device=log_p.device
        )

    def score(self, total: float, length: int, penalty: float) -> float:
        """What a text of so many tokens is sorted by: its sum of log p by length, less the coverage penalty."""
        return total / length**self.options.length_penalty - self.options.coverage * penalty

    def hypothesis(
        self,
        tokens: list[int],
        stops: StopStrings | None,
        *,
        score: float,
        log_probability: float,
        ended: bool,
    ) -> Hypothesis:
        """A text whose tokens are those written, the end token among them."""
        length = len(tokens)
        if tokens[-1] in self.options.end:
            tokens = tokens[:-1]
        text = None
        if stops is not None:
            tokens, text = stops.cut(tokens)
        elif self.text is not None:
            text = self.text(tokens)
        return Hypothesis(tokens, score, log_probability, ended, text, length)


def log_probabilities(output: StepOutput, rows: Tensor, written: int) -> Tensor:
    """The model's log-probabilities (N, V) of the next token in float32.

    Raises:
        TypeError: the logits are no (N, V).
        ValueError: some are nan or infinite, or a row has none that is finite.
    """
    logits = output.logits
    if logits.ndim != 2 or len(logits) != len(rows):
        raise TypeError(
            f"the step gives logits {tuple(logits.shape)} for {len(rows)} rows: expected (N, V), those of the next token. Next: "
            "logits[:, -1]"
        )
    log_p = logits.float().log_softmax(-1)
    broken = log_p[:, 0].isnan()  # one nan or inf, or nothing but -inf, makes nan of its whole row
    if bool(broken.any()):
        number = int(broken.nonzero()[0])
        forbids = bool((logits[number] == -torch.inf).all())
        what = "logits of -inf only" if forbids else "nan or infinite logits"
        raise ValueError(
            f"the model gives {what} for token {written + 1} of row {int(rows[number])}: expected numbers. Its weights are likely "
            f"broken, or too large for {logits.dtype}. Next: try float32, and if that is no better load the weights again"
        )
    return log_p


def nothing_left(row: int, written: int) -> ValueError:
    """What is raised where every token is forbidden."""
    return ValueError(
        f"no token may follow the {written} that row {row} has written: expected one or more. The model, no_repeat_ngram, forbidden, "
        "allowed or a processor forbid all. Next: loosen them, or let the end token come (min_new_tokens)"
    )
