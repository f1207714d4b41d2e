"""What an engine of title generation is: rows to train on, a step to decode with, files.

B batch, L positions, S source, N hypotheses, V vocabulary.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from zhnlp.checkpoints.quantized import FILE as INT8
from zhnlp.checkpoints.quantized import save as save_int8
from zhnlp.models.bars import no_bars
from zhnlp.seq2seq.source import Source, SourceReader

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

    from zhnlp.decoding.step import Step

Pair = tuple[Source, list[int]]  # an article as it is read, and the ids of its title without the end
LOADING = {
    "dtype": "float32",
    "attn_implementation": "eager",
}  # a kernel with attention to show and second derivatives
FULL = "model.safetensors"
PRACTICE = 0.1  # chance of a pair to have a token put into a copy slot


class Engine(ABC):
    """A network that writes titles.

    Attributes:
        reader: articles and titles to ids and back.
        module: what is trained: called with a batch it returns ``{"loss", "logits"}``.
        end: id that ends a title.
        rate: the highest learning rate where none is given.
    """

    name: ClassVar[str]
    rate: float
    reader: SourceReader
    module: nn.Module
    end: int

    @property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        """The tokenizer."""
        return self.reader.tokenizer

    @property
    def device(self) -> torch.device:
        """Where the network lies."""
        return next(self.module.parameters()).device

    # --- training --------------------------------------------------------------------------------------------------

    def pairs(self, articles: Sequence[str], titles: Sequence[str]) -> list[Pair]:
        """Articles and titles as ids."""
        sources = self.reader.read(articles)
        return [(source, self.reader.target(title, source)) for source, title in zip(sources, titles)]

    def length(self, pair: Pair) -> int:
        """Positions of a pair, to make batches of like ones."""
        return len(pair[0].ids) + len(pair[1])

    def collate(self, pairs: Sequence[Pair]) -> dict[str, Tensor]:
        """A batch to train on; copy slots are dealt anew each time, by numpy's own generator, which the loader seeds."""
        rng = np.random.default_rng(np.random.randint(0, 2**31, size=4))
        shuffled = self.reader.slots.shuffled
        return self.batch([shuffled(source.ids, target, rng, PRACTICE) for source, target in pairs])

    @abstractmethod
    def batch(self, pairs: Sequence[tuple[list[int], list[int]]]) -> dict[str, Tensor]:
        """The tensors of pairs of ids, with ``labels`` (see `labels_of`)."""

    def labels_of(self, target: Sequence[int]) -> list[int]:
        """What is to be written: the title and its end; -100 where the title has [UNK]."""
        unknown = self.tokenizer.unk_token_id
        return [-100 if token == unknown else token for token in (*target, self.end)]

    # --- decoding --------------------------------------------------------------------------------------------------

    @abstractmethod
    def begin(self, sources: Sequence[Source]) -> tuple[Step, Tensor, Any]:
        """Read sources once: the step, the first tokens (N, 1) and the cache that decoding begins with."""

    def forbidden(self, source: Source) -> list[int]:
        """Ids that are never written for a source: special ones, and slots that stand for nothing in it."""
        return [
            token for token in self.reader.never() if token != self.end and token not in source.slots.surfaces
        ]

    # --- making and files ------------------------------------------------------------------------------------------

    @classmethod
    @abstractmethod
    def new(
        cls,
        model: str | Path | None,
        articles: Sequence[str],
        titles: Sequence[str],
        *,
        max_source: int,
        max_target: int,
        seed: int,
        device: Any,
        **options: Any,
    ) -> Engine:
        """An engine that has not learnt yet, for the pairs that it is to learn from."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path, *, max_source: int, max_target: int, device: Any) -> Engine:
        """As `save` wrote it."""

    @property
    @abstractmethod
    def network(self) -> PreTrainedModel:
        """What files hold of it."""

    def save(self, folder: Path, int8: bool = False) -> None:
        """Write network and tokenizer; weights that the folder had before in the other form are removed."""
        if int8:
            save_int8(self.network, folder)
        else:
            with no_bars():
                self.network.save_pretrained(folder)
        (folder / (FULL if int8 else INT8)).unlink(missing_ok=True)
        self.tokenizer.save_pretrained(folder)


def padded(rows: Sequence[Sequence[int]], value: int) -> Tensor:
    """Rows of different lengths as one tensor (B, L), filled up with ``value`` on the right."""
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[value] * (longest - len(row))] for row in rows])
