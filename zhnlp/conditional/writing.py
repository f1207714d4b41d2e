"""Texts from a conditional model: each with random numbers of its own, whatever others are written beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

import torch

from zhnlp.conditional.steps import conditional_step
from zhnlp.decoding import DecodingOptions, PerRow, generate
from zhnlp.decoding.guided import check_scale
from zhnlp.training.seeds import derive_seed

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

    from zhnlp.conditional.reader import TextReader
    from zhnlp.decoding import Hypothesis
    from zhnlp.mining.progress import Progress


class Text(TypedDict):
    """A text and the mean log-probability of its tokens in nats, under the condition and its guidance."""

    text: str
    score: float


@dataclass(frozen=True)
class Writing:
    """How texts are written.

    Attributes:
        guidance: 1 writes by the condition, more with more of it and less variety, 0 as if nothing was said.
        prompt: how the texts begin; it is part of them.
        min_new_tokens: behind the prompt, the end not counted; max_new_tokens: the end counted, None for as many as the characters
            that were trained on.
        temperature: above 0; smaller is safer and duller.
        top_k: draw among the likeliest so many; 0: all.
        top_p: draw among the likeliest that together have this probability.
        repetition_penalty: above 1 makes tokens that were written already less likely.
        no_repeat_ngram: no n-gram of this length comes twice; 0: any may.
        num_beams: above 1 searches for the likeliest texts and draws nothing.
        stop: strings before which a text ends.
        seed: of what is drawn.
        batch_size: texts written together.
    """

    guidance: float = 1.0
    prompt: str = ""
    min_new_tokens: int = 1
    max_new_tokens: int | None = None
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 0.95
    repetition_penalty: float = 1.0
    no_repeat_ngram: int = 0
    num_beams: int = 1
    stop: str | Sequence[str] = ()
    seed: int = 0
    batch_size: int = 64

    def __post_init__(self):
        check_scale(self.guidance, "guidance")
        if not isinstance(self.prompt, str):
            raise TypeError(f"prompt is {type(self.prompt).__name__}: expected str")
        most = self.max_new_tokens
        for name, value, least in (
            ("batch_size", self.batch_size, 1),
            ("max_new_tokens", 1 if most is None else most, 1),
        ):
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(
                    f"{name}={value!r} is not possible: expected a whole number, {least} or more"
                )
        self.options(
            0, 2**20, [], PerRow([self.seed]), max(1, self.num_beams)
        )  # what is out of range is said now

    def options(self, end: int, most: int, never: Sequence[int], seed: PerRow, count: int) -> DecodingOptions:
        """Those of the decoder for a batch."""
        beams = {"beams": self.num_beams, "num_return": count} if self.num_beams != 1 else {}
        drawn = {"temperature": self.temperature, "top_k": self.top_k, "top_p": self.top_p, "seed": seed}
        return DecodingOptions(
            end=end,
            max_new_tokens=most,
            min_new_tokens=min(self.min_new_tokens, most),
            repetition_penalty=self.repetition_penalty,
            no_repeat_ngram=self.no_repeat_ngram,
            forbidden=never,
            stop=self.stop,
            **(beams or {"sample": True, **drawn}),
        )


@torch.inference_mode()
def write(
    network: PreTrainedModel,
    reader: TextReader,
    vector: Tensor,
    null: Tensor,
    count: int,
    writing: Writing,
    default_most: int,
    progress: Progress,
) -> Iterator[Text]:
    """``count`` texts under a condition; the i-th hangs on the seed and i alone.

    Args:
        network: with conditional norms, in evaluation mode.
        vector, null: (C,).
        default_most: tokens of a text at most, its end counted, where ``writing`` does not say.

    Raises:
        ValueError: the prompt leaves no room, or more texts than beams are asked for.
    """
    start = reader.prompt(writing.prompt)
    most = default_most if writing.max_new_tokens is None else writing.max_new_tokens
    most = min(most, reader.limit - len(start))
    if most < 1:
        raise ValueError(
            f"the prompt takes {len(start)} of {reader.limit} tokens: expected room to write. Next: a shorter one"
        )
    searches = writing.num_beams > 1
    if searches and count > writing.num_beams:
        raise ValueError(
            f"n={count} of num_beams={writing.num_beams}: expected at most as many texts as beams"
        )
    never = reader.never(network.config.vocab_size)
    with progress.stage("write", count, "text"):
        for first in range(0, count, count if searches else writing.batch_size):
            numbers = range(first, count if searches else min(count, first + writing.batch_size))
            rows = 1 if searches else len(numbers)
            seeds = PerRow(derive_seed(writing.seed, "text", number) for number in numbers[:rows])
            found = generate(
                conditional_step(network, vector.expand(rows, -1), null, writing.guidance),
                torch.tensor([start] * rows, device=vector.device),
                writing.options(reader.end, most, never, seeds, len(numbers)),
                text=reader.text,
            )
            for one in found[0] if searches else [row[0] for row in found]:
                yield _text(one, writing.prompt)
            progress.advance(len(numbers))


def _text(one: Hypothesis, prompt: str) -> Text:
    return Text(text=prompt + one.text, score=one.log_probability / one.length)


@torch.inference_mode()
def score(costs: Any, batches: Sequence[Sequence[int]], make: Any, device: torch.device) -> list[float]:
    """Σ log p of the tokens of each text, in nats.

    Args:
        costs: `ConditionalLM.costs`.
        batches: numbers of texts that are read together.
        make: numbers → the tensors of a batch.
    """
    scores = [0.0] * sum(map(len, batches))
    for rows in batches:
        batch = make(rows)
        given = {name: value.to(device) for name, value in batch.pop("given").items()}
        nats = costs(**{name: value.to(device) for name, value in batch.items()}, given=given)
        for row, cost in zip(rows, nats.tolist()):
            scores[row] = -cost
    return scores
