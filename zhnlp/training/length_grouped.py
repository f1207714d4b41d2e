"""Batches of samples of like length: less padding, each sample once per epoch, the same for the same seed and epoch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch.utils.data import Sampler

from zhnlp.training.loading import epoch_order
from zhnlp.training.seeds import derive_seed


class LengthGroupedBatches(Sampler):
    """Batches of a fixed number of samples: shuffled, sorted by length within chunks, and the batches shuffled again.

    The first batch of an epoch is the longest, so that what does not fit into memory fails at once.

    Args:
        lengths: of the samples, in tokens.
        chunk: batches that are sorted together; more means less padding and less chance.
        drop_last: leave out the batch that is not full.

    Example:
        >>> batches = LengthGroupedBatches([9, 1, 8, 2], batch_size=2)
        >>> [sorted(batch) for batch in batches]
        [[0, 2], [1, 3]]
    """

    def __init__(
        self,
        lengths: Sequence[int],
        batch_size: int,
        *,
        seed: int = 0,
        chunk: int = 50,
        drop_last: bool = False,
    ):
        if batch_size < 1 or chunk < 1:
            raise ValueError(f"batch_size is {batch_size}, chunk {chunk}: expected at least 1")
        self.lengths = torch.as_tensor(np.asarray(lengths, np.int64))
        self.batch_size, self.seed, self.chunk, self.drop_last = batch_size, seed, chunk, drop_last
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of epoch 0, 1, …"""
        self.epoch = epoch

    def __len__(self) -> int:
        size = len(self.lengths)
        return size // self.batch_size if self.drop_last else -(-size // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        order = epoch_order(len(self.lengths), self.seed, self.epoch)
        batches = []
        for part in order.split(self.batch_size * self.chunk):
            part = part[self.lengths[part].argsort(descending=True, stable=True)]
            batches += [batch.tolist() for batch in part.split(self.batch_size)]
        short = batches.pop() if batches and len(batches[-1]) < self.batch_size else None
        batches = _shuffled(batches, self.lengths, self.seed, self.epoch)
        if short and not self.drop_last:
            batches.append(short)  # last, where processes share out what is left
        return iter(batches)


class TokenBudgetBatches(Sampler):
    """Batches of at most ``max_tokens`` tokens with their padding: many short samples, or a few long ones.

    Samples are sorted by length, equal lengths in an order of the epoch, and cut greedily. The cuts depend on the
    lengths alone, so that every epoch has the same number of batches, which a trainer has to know beforehand.

    Args:
        lengths: of the samples, in tokens.
        max_tokens: samples of a batch × the longest of them, at most.
        max_batch: samples of a batch, at most.

    Raises:
        ValueError: a sample is longer than ``max_tokens``.

    Example:
        >>> batches = TokenBudgetBatches([1, 1, 1, 1, 4, 2], max_tokens=4)
        >>> sorted(sorted(batch) for batch in batches)
        [[0, 1, 2, 3], [4], [5]]
    """

    batch_size = None
    drop_last = False

    def __init__(
        self, lengths: Sequence[int], max_tokens: int, *, max_batch: int | None = None, seed: int = 0
    ):
        self.lengths = torch.as_tensor(np.asarray(lengths, np.int64))
        self.max_tokens, self.max_batch, self.seed = max_tokens, max_batch, seed
        self.epoch = 0
        if len(self.lengths) and int(self.lengths.max()) > max_tokens:
            index = int(self.lengths.argmax())
            raise ValueError(
                f"sample {index} has {int(self.lengths[index]):,} tokens: expected at most max_tokens = {max_tokens:,}. "
                "Next: truncate when tokenizing, or raise max_tokens"
            )
        self._ends = self._cut(self.lengths.sort().values.tolist())

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of epoch 0, 1, …"""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self._ends)

    def __iter__(self) -> Iterator[list[int]]:
        order = epoch_order(len(self.lengths), self.seed, self.epoch)
        order = order[self.lengths[order].argsort(stable=True)]
        begins = [0, *self._ends[:-1]]
        batches = [order[begin:end].tolist() for begin, end in zip(begins, self._ends)]
        return iter(_shuffled(batches, self.lengths, self.seed, self.epoch))

    def _cut(self, rising: list[int]) -> list[int]:
        """Where each batch ends among the sorted samples."""
        ends, begin = [], 0
        for place, length in enumerate(rising):
            full = self.max_batch is not None and place - begin >= self.max_batch
            if place > begin and (full or max(1, length) * (place - begin + 1) > self.max_tokens):
                ends.append(place)
                begin = place
        return [*ends, len(rising)] if rising else []


def padding_share(
    batches: Iterator[Sequence[int]] | Sequence[Sequence[int]], lengths: Sequence[int]
) -> float:
    """The share of padding among all positions when each batch is padded to its longest sample, 0 to 1.

    Example:
        >>> padding_share([[0, 1]], [1, 3])
        0.333...
    """
    real = padded = 0
    for batch in batches:
        own = [int(lengths[index]) for index in batch]
        real += sum(own)
        padded += max(own) * len(own)
    return 1 - real / padded if padded else 0.0


def _shuffled(batches: list[list[int]], lengths: torch.Tensor, seed: int, epoch: int) -> list[list[int]]:
    """The batches in another order, the one with the longest sample first."""
    if not batches:
        return batches
    generator = torch.Generator().manual_seed(derive_seed(seed, "batches", epoch))
    order = torch.randperm(len(batches), generator=generator).tolist()
    longest = max(order, key=lambda number: int(lengths[batches[number]].max()))
    order.remove(longest)
    return [batches[number] for number in [longest, *order]]
