"""What an engine of reading is: texts to tokens with offsets, rows to batches, logits of rows, files.

L tokens of a passage, F features, B rows of a batch.
"""

from __future__ import annotations

import copy
import inspect
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from zhnlp.nn.answer_head import IGNORED

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from zhnlp.reading.examples import Example


@dataclass(frozen=True, eq=False)
class Tokens:
    """A text as a network reads it.

    Attributes:
        ids: (L,) int32.
        words: (L,) int32, number of each token's word, 0 for none; None where nobody asks.
        offsets: (L, 2) int32, characters of each token.
        cut: words of the text as spans; None where nobody asks.
    """

    ids: np.ndarray
    words: np.ndarray | None
    offsets: np.ndarray
    cut: list[tuple[int, int]] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def part(self, first: int, last: int) -> Tokens:
        """Tokens ``first:last``."""
        words = None if self.words is None else self.words[first:last]
        return Tokens(self.ids[first:last], words, self.offsets[first:last])

    def before(self, other: Tokens) -> Tokens:
        """These and then those; offsets are those of neither text."""
        words = None if self.words is None else np.concatenate((self.words, other.words))
        ids, offsets = (
            np.concatenate(pair) for pair in ((self.ids, other.ids), (self.offsets, other.offsets))
        )
        return Tokens(ids, words, offsets)


class Reading(NamedTuple):
    """A passage read for a question.

    Attributes:
        features: (L, F) float16; None for none.
    """

    question: Tokens
    passage: Tokens
    features: np.ndarray | None = None


Known = dict[tuple[str, tuple[str, ...]], list[Reading]]  # questions with their passages as they were read


class Row(NamedTuple):
    """Tokens ``first:last`` of a passage, to be read at once.

    Attributes:
        spans: answers as (start, end) tokens of the passage, end exclusive; None where none are asked.
    """

    reading: Reading
    first: int
    last: int
    spans: Sequence[tuple[int, int]] | None = None


class RowLogits(NamedTuple):
    """Of one row: start and end (L,) float32, passage a number."""

    start: np.ndarray
    end: np.ndarray
    passage: float


class Engine(ABC):
    """A network that reads.

    Attributes:
        network: its weights; called with a batch it returns ``{"loss", "start", "end", "passage"}``.
        rate: the highest learning rate where none is given.
        body_rate: that of an encoder that comes trained; None for the same.
        schedule: how it falls where nothing is said, see `ReadingTraining`.
        max_question: tokens of a question that are read.
        blank: id that stands for a token that is hidden.
    """

    name: ClassVar[str]
    rate: float
    body_rate: float | None = None
    schedule: ClassVar[str]
    network: PreTrainedModel
    max_question: int
    blank: int

    @property
    def device(self) -> torch.device:
        """Where the network lies."""
        return next(self.network.parameters()).device

    @property
    def body(self) -> nn.Module | None:
        """The encoder that comes trained, where there is one."""
        return None

    @property
    def span_kind(self) -> str:
        """ "sigmoid" or "softmax"."""
        return self.network.config.span_kind

    def most(self, question: Tokens) -> int | None:
        """Tokens of a passage that fit beside a question; None for no limit."""
        return None

    # --- texts -----------------------------------------------------------------------------------------------------

    @abstractmethod
    def tokens(self, text: str) -> Tokens:
        """A text, whole."""

    def tokens_of(self, texts: Sequence[str]) -> list[Tokens]:
        """Several texts; quicker together where an engine can."""
        return [self.tokens(text) for text in texts]

    def read(
        self,
        question: str,
        passages: Sequence[str],
        cache: dict[str, Tokens] | None = None,
        known: Known | None = None,
    ) -> list[Reading]:
        """All passages of a question; texts that ``cache`` and questions that ``known`` has are not read again."""
        if known is not None:
            key = question, tuple(passages)
            if key not in known:
                known[key] = self.read(question, passages, cache)
            return known[key]
        cache = {} if cache is None else cache
        new = list(dict.fromkeys(text for text in passages if text not in cache))
        cache.update(zip(new, self.tokens_of(new)))
        asked = self.tokens(question)
        kept = asked.part(0, self.max_question)
        rows = self.features(question, asked, passages, [cache[text] for text in passages])
        return [Reading(kept, cache[text], row) for text, row in zip(passages, rows)]

    def features(
        self, question: str, asked: Tokens, passages: Sequence[str], tokens: Sequence[Tokens]
    ) -> Sequence[np.ndarray | None]:
        """(L, F) of each passage; None where the network wants none."""
        return [None] * len(passages)

    # --- batches ---------------------------------------------------------------------------------------------------

    @abstractmethod
    def batch(self, rows: Sequence[Row]) -> dict[str, Tensor]:
        """The tensors of rows; with ``labels`` (B, L, 2) where they have spans."""

    @abstractmethod
    def begin(self, row: Row) -> int:
        """Where the passage begins in what `batch` makes of a row."""

    def logits(self, rows: Sequence[Row]) -> list[RowLogits]:
        """What the network says of rows, all in one batch."""
        device = self.device
        with torch.inference_mode():
            found = self.run({name: value.to(device) for name, value in self.batch(rows).items()})
        start, end, passage = (found[name].float().cpu().numpy() for name in ("start", "end", "passage"))
        made = []
        for number, row in enumerate(rows):
            first = self.begin(row)
            part = slice(first, first + row.last - row.first)
            made.append(RowLogits(start[number, part], end[number, part], float(passage[number])))
        return made

    def run(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """The network's answer to a batch without labels, in the numbers in which it is fastest."""
        from zhnlp.models.precision import fast_dtype

        dtype = fast_dtype(self.device)
        with torch.autocast(self.device.type, dtype, enabled=dtype != torch.float32):
            return self.network(**batch)

    # --- making and files ------------------------------------------------------------------------------------------

    @classmethod
    @abstractmethod
    def new(
        cls, model: str | Path | None, examples: Sequence[Example], *, seed: int, device: Any, **options: Any
    ) -> Engine:
        """An engine that has not learnt yet, for the examples that it is to learn from."""

    @classmethod
    def options(cls) -> set[str]:
        """Names of what `new` takes beside the model, the examples, the seed and the device."""
        parameters = inspect.signature(cls.new).parameters.values()
        return {one.name for one in parameters if one.kind is one.KEYWORD_ONLY} - {"seed", "device"}

    @classmethod
    @abstractmethod
    def load(cls, folder: Path, *, device: Any) -> Engine:
        """As `save` wrote it."""

    @abstractmethod
    def save(self, folder: Path, int8: bool = False) -> None:
        """Write everything to a folder."""

    def again(self, seed: int) -> Engine:
        """A copy with the same weights and the same reading of texts; what is drawn anew hangs on the seed."""
        other = copy.copy(self)
        other.network = copy.deepcopy(self.network)
        return other


class Module(nn.Module):
    """What the trainer may wrap in place of the network, which it would leave changed."""

    def __init__(self, network: PreTrainedModel):
        super().__init__()
        self.network = network

    def forward(self, **inputs: Tensor) -> dict[str, Tensor]:
        inputs.pop("num_items_in_batch", None)
        return self.network(**inputs)


def padded(rows: Sequence[np.ndarray], dtype: torch.dtype = torch.int64, value: float = 0) -> Tensor:
    """Arrays (L, …) as one tensor (B, longest L, …), filled up with ``value``.

    Example:
        >>> padded([np.array([1, 2]), np.array([3])]).tolist()
        [[1, 2], [3, 0]]
    """
    longest = max(map(len, rows))
    found = np.full((len(rows), max(longest, 1), *rows[0].shape[1:]), value, np.result_type(rows[0]))
    for place, row in enumerate(rows):
        found[place, : len(row)] = row
    return torch.from_numpy(found).to(dtype)


def span_labels(row: Row, size: int, begin: int = 0) -> np.ndarray:
    """(size, 2) int64 labels of a row: 1 at the first and at the last token of each answer that lies in it whole.

    Args:
        size: positions of what the network reads.
        begin: position of the row's first token; what is before and behind its tokens has -100.
    """
    labels = np.full((size, 2), IGNORED, np.int64)
    labels[begin : begin + row.last - row.first] = 0
    for start, end in row.spans or ():
        if row.first <= start and end <= row.last:
            labels[begin + start - row.first, 0] = 1
            labels[begin + end - 1 - row.first, 1] = 1
    return labels
