"""Streams as training data: an endless row of batches, shared out over processes and workers without a sample lost.

Batch b goes to process b mod P, and there to worker (b div P) mod W, so that the batches come out in the order of the
stream with any number of workers. Each worker reads the whole stream and keeps its share: what costs time (tokenizing)
belongs into the collator, which runs for kept batches only.

Source: https://kexue.fm/archives/6575
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any

from torch.utils.data import IterableDataset

from zhnlp.training.loading import worker_place
from zhnlp.training.seeds import derive_seed, drawn_apart, own_randomness


class StreamedBatches(IterableDataset):
    """Collated batches of a re-iterable stream, pass after pass; give it to a DataLoader with ``batch_size=None``.

    A stream that shuffles draws from a seed of each pass, a collator from a seed of each batch. The last batch of a
    pass may be short with one process; with several it is left out, so that none waits for the others.

    Args:
        stream: can be iterated again and again; with ``set_epoch`` it is told the pass.
        collate: makes a batch of a list of samples.
        passes: how often the stream is read; None goes on for ever.
        rank: of this process, 0 to ``world`` − 1.

    Raises:
        ValueError: the stream yields nothing.

    Example:
        >>> list(StreamedBatches([1, 2, 3, 4, 5], 2, sum, passes=1))
        [3, 7, 5]
    """

    def __init__(
        self,
        stream: Iterable[Any],
        batch_size: int,
        collate: Callable[[list], Any],
        *,
        seed: int = 0,
        passes: int | None = None,
        rank: int = 0,
        world: int = 1,
    ):
        self.stream, self.batch_size, self.collate = stream, batch_size, collate
        self.seed, self.passes, self.rank, self.world = seed, passes, rank, world

    def __iter__(self) -> Iterator[Any]:
        worker, workers = worker_place()
        number = 0
        for turn in count() if self.passes is None else range(self.passes):
            begun = number
            for samples in self._batches(turn):
                place, rank = divmod(number, self.world)
                if rank == self.rank and place % workers == worker:
                    with own_randomness(derive_seed(self.seed, "batch", number), devices=False):
                        batch = self.collate(samples)
                    yield batch
                number += 1
            if number == begun:
                raise ValueError(
                    f"the training stream gave nothing in pass {turn}: expected "
                    + ("at least one sample" if self.world == 1 else "a batch for each process")
                    + ". Next: check that it can be iterated more than once, and what it is read from"
                )

    def _batches(self, turn: int) -> Iterator[list]:
        """The batches of one pass; with several processes only rounds in which each has one."""
        held: list[list] = []
        samples: list = []
        for sample in self._samples(turn):
            samples.append(sample)
            if len(samples) == self.batch_size:
                held.append(samples)
                samples = []
            if len(held) == self.world:
                yield from held
                held = []
        if samples and self.world == 1:
            yield samples

    def _samples(self, turn: int) -> Iterator[Any]:
        """The samples of one pass, drawn under the seed of that pass whoever else draws in between."""
        if hasattr(self.stream, "set_epoch"):
            self.stream.set_epoch(turn)
        yield from drawn_apart(self.stream, derive_seed(self.seed, "pass", turn))
