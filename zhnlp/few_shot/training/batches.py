"""Batches of labelled and unlabelled texts, a fixed number of each, so that few labels are not drowned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import Sampler

from zhnlp.training.loading import epoch_order


class MixedBatches(Sampler):
    """Every labelled text once an epoch, and beside them as many texts of each further group as are asked for.

    Indices count through the groups one after the other. The further groups are gone through in a random order across
    epochs: none is met again before all were met.

    Args:
        sizes: texts of the labelled group, then of the others.
        rows: of each group in a batch.

    Example:
        >>> batches = MixedBatches([3, 10], [2, 4], seed=1)
        >>> [[len([i for i in batch if i < 3]), len([i for i in batch if i >= 3])] for batch in batches]
        [[2, 4], [1, 4]]
    """

    def __init__(self, sizes: Sequence[int], rows: Sequence[int], *, seed: int = 0):
        if len(sizes) != len(rows) or min(sizes) < 1 or min(rows) < 1:
            raise ValueError(
                f"groups of {list(sizes)} texts, {list(rows)} rows of each in a batch: expected 1 or more of both"
            )
        self.sizes, self.rows, self.seed, self.epoch = list(sizes), list(rows), seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of epoch 0, 1, …"""
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-self.sizes[0] // self.rows[0])

    def __iter__(self) -> Iterator[list[int]]:
        order = epoch_order(self.sizes[0], self.seed, self.epoch).tolist()
        for number in range(len(self)):
            batch = order[number * self.rows[0] : (number + 1) * self.rows[0]]
            begin = self.sizes[0]
            for group in range(1, len(self.sizes)):
                first = (self.epoch * len(self) + number) * self.rows[group]
                batch += [begin + self._met(group, place) for place in range(first, first + self.rows[group])]
                begin += self.sizes[group]
            yield batch

    def _met(self, group: int, place: int) -> int:
        """Which text of a group comes at a place in the endless row of its permutations."""
        round_, within = divmod(place, self.sizes[group])
        if getattr(self, "_kept", (None,))[0] != (group, round_):
            self._kept = ((group, round_), _permutation(self.sizes[group], self.seed, group, round_))
        return self._kept[1][within]


def _permutation(size: int, seed: int, group: int, round_: int) -> list[int]:
    from zhnlp.training.seeds import derive_seed

    generator = torch.Generator().manual_seed(derive_seed(seed, "group", group, round_))
    return torch.randperm(size, generator=generator).tolist()
