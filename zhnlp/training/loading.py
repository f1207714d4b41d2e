"""Loading data so that the number of workers, a restart and an evaluation change nothing.

The order of the samples, and whatever a dataset or collator draws at random, hang on a seed, the epoch and the number of
the batch, never on the generators of the training or on which process does the work. So an epoch is the same with 0, 2 or
4 workers, and a training that resumes at batch n sees what an unbroken one sees. Datasets are indexable, as post 6575
advises for workers that are processes; for streams see `streams.py`.

Source: https://kexue.fm/archives/6575
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset, Sampler, get_worker_info

from zhnlp.training.seeds import derive_seed, own_randomness


class ShuffledBatches(Sampler):
    """Batches of indices 0 … ``size`` − 1, each once per epoch, in an order that the seed and the epoch fix.

    Args:
        shuffle: False goes through them from first to last.
        drop_last: leave out the last batch when it is not full.

    Example:
        >>> batches = ShuffledBatches(5, 2, seed=1)
        >>> sorted(sum(batches, [])), len(batches), list(batches) == list(batches)
        ([0, 1, 2, 3, 4], 3, True)
    """

    def __init__(
        self, size: int, batch_size: int, *, seed: int = 0, shuffle: bool = True, drop_last: bool = False
    ):
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}: expected at least 1")
        self.size, self.batch_size, self.seed = size, batch_size, seed
        self.shuffle, self.drop_last = shuffle, drop_last
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of epoch 0, 1, …"""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.size // self.batch_size if self.drop_last else -(-self.size // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        order = epoch_order(self.size, self.seed, self.epoch) if self.shuffle else torch.arange(self.size)
        for number in range(len(self)):
            yield order[number * self.batch_size : (number + 1) * self.batch_size].tolist()


def epoch_order(size: int, seed: int, epoch: int) -> torch.Tensor:
    """A permutation of 0 … ``size`` − 1, (size,) int64, fixed by seed and epoch."""
    return torch.randperm(size, generator=torch.Generator().manual_seed(derive_seed(seed, "order", epoch)))


class NumberedBatch(list):
    """Indices of a batch, with the seed for what is drawn at random while it is made."""

    def __init__(self, indices: Iterable[int], seed: int):
        super().__init__(indices)
        self.seed = seed

    def __reduce__(self):
        return NumberedBatch, (list(self), self.seed)


class NumberedBatches(Sampler):
    """The share of one process in the batches of another sampler, each with a seed of its own.

    With P processes, P batches in a row belong to one step, one for each. What is left over at the end of an epoch is
    split among them, so that all processes take the same number of steps over the same samples as one process with
    batches P times as large; only where fewer samples than processes are left is one seen twice.

    Args:
        batches: yields lists of indices; with ``set_epoch`` it is told the epoch.
        rank: of this process, 0 to ``world`` − 1.
    """

    def __init__(self, batches: Iterable[Sequence[int]], *, seed: int = 0, rank: int = 0, world: int = 1):
        self.batches, self.seed, self.rank, self.world = batches, seed, rank, world
        self.drop_last = getattr(batches, "drop_last", False)
        self.batch_size = getattr(batches, "batch_size", None)
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Go on to another epoch, the inner sampler too."""
        self.epoch = epoch
        if hasattr(self.batches, "set_epoch"):
            self.batches.set_epoch(epoch)

    def __len__(self) -> int:
        whole, left = divmod(len(self.batches), self.world)
        return whole + (left > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[NumberedBatch]:
        step, round_ = 0, []
        for batch in self.batches:
            round_.append(batch)
            if len(round_) == self.world:
                yield self._numbered(self._deal(round_), step)
                step, round_ = step + 1, []
        if round_ and not self.drop_last:
            yield self._numbered(self._deal(round_), step)

    def _deal(self, batches: list[Sequence[int]]) -> Sequence[int]:
        """This process's part of a step; where batches are missing, the largest are halved, so none grows."""
        parts = [list(batch) for batch in batches]
        while len(parts) < self.world:
            largest = max(range(len(parts)), key=lambda number: len(parts[number]))
            part = parts[largest]
            parts[largest] = part[::2]
            parts.append(part[1::2] or part[:1])
        return parts[self.rank]

    def _numbered(self, indices: Sequence[int], step: int) -> NumberedBatch:
        return NumberedBatch(indices, derive_seed(self.seed, "batch", self.epoch, step, self.rank))


class SeededLoader(DataLoader):
    """A loader over an indexable dataset whose batches are the same with any number of workers.

    Within a batch, python, numpy and torch on the CPU draw from the batch's own seed, and the generators of the training
    stay where they are. With workers started by ``"spawn"`` the dataset and the collator have to be picklable:
    functions of a module, not lambdas.

    Args:
        dataset: has ``__len__`` and ``__getitem__``, or ``__getitems__`` for a list of indices.
        batches: yields lists of indices, e.g. `ShuffledBatches`.
        collate: makes a batch of a list of samples.
        workers: processes beside this one; 0 loads in this process.
        options: of `torch.utils.data.DataLoader`.

    Raises:
        ValueError: the dataset is empty.

    Example:
        >>> loader = SeededLoader([1, 2, 3, 4], ShuffledBatches(4, 2, shuffle=False), sum)
        >>> list(loader)
        [3, 7]
    """

    def __init__(
        self,
        dataset: Any,
        batches: Iterable[Sequence[int]],
        collate: Callable[[list], Any],
        *,
        seed: int = 0,
        workers: int = 0,
        rank: int = 0,
        world: int = 1,
        **options: Any,
    ):
        if not len(dataset):
            raise ValueError(
                "the training dataset is empty: expected at least one sample. Next: check what filtered it, "
                "or the paths that it was read from"
            )
        super().__init__(
            _Asked(dataset),
            batch_sampler=NumberedBatches(batches, seed=seed, rank=rank, world=world),
            collate_fn=_Fetch(dataset, collate),
            num_workers=workers,
            generator=torch.Generator().manual_seed(derive_seed(seed, "workers")),
            **options,
        )

    def set_epoch(self, epoch: int) -> None:
        """Go on to another epoch; call it before iterating."""
        self.batch_sampler.set_epoch(epoch)


class _Asked(Dataset):
    """Hands the question on, so that samples are read and collated in one place, under one seed."""

    def __init__(self, dataset: Any):
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitems__(self, batch: NumberedBatch) -> NumberedBatch:
        return batch


class _Fetch:
    """Reads and collates the samples of a batch under its seed."""

    def __init__(self, dataset: Any, collate: Callable[[list], Any]):
        self.dataset, self.collate = dataset, collate

    def __call__(self, batch: NumberedBatch) -> Any:
        with own_randomness(batch.seed, devices=False):
            if hasattr(self.dataset, "__getitems__"):
                return self.collate(self.dataset.__getitems__(list(batch)))
            return self.collate([self.dataset[index] for index in batch])


def worker_place() -> tuple[int, int]:
    """(number of this worker, how many there are); (0, 1) in the main process."""
    info = get_worker_info()
    return (0, 1) if info is None else (info.id, info.num_workers)
