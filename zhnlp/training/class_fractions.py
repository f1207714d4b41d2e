"""Batches with a fixed share of each class, drawn with replacement: imbalance is the sampler's affair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch.utils.data import Sampler

from zhnlp.training.seeds import derive_seed


class ClassFractionBatches(Sampler):
    """Batches of indices whose classes have fixed counts, each row drawn with replacement from its class.

    Args:
        labels: (N,) class of each row, whole numbers.
        batch_size: at least one row of each class.
        fractions: class → share of a batch, made to sum to 1; None for equal shares.
        steps: batches of a pass; None for as many as the rows fill.
        seed: with the pass it fixes what is drawn.

    Raises:
        ValueError: a class has no rows or no share, or the batch is smaller than the number of classes.

    Example:
        >>> labels = [0] * 90 + [1] * 10
        >>> batch = next(iter(ClassFractionBatches(labels, 10, {0: 0.7, 1: 0.3})))
        >>> sum(labels[row] for row in batch)
        3

    Source: 苏剑林, https://kexue.fm/archives/5505
    """

    drop_last = False

    def __init__(
        self,
        labels: Sequence[int],
        batch_size: int,
        fractions: Mapping[int, float] | None = None,
        *,
        steps: int | None = None,
        seed: int = 0,
    ):
        labels = np.asarray(labels)
        classes = np.unique(labels).tolist()
        fractions = dict.fromkeys(classes, 1.0) if fractions is None else dict(fractions)
        if set(fractions) != set(classes) or min(fractions.values()) <= 0:
            raise ValueError(
                f"fractions are of classes {sorted(fractions)}, the labels of {classes}: expected a share above 0 for each of them"
            )
        if batch_size < len(classes):
            raise ValueError(
                f"batch_size={batch_size} for {len(classes)} classes: expected a row of each, so {len(classes)} or more"
            )
        self.rows = {name: torch.as_tensor(np.flatnonzero(labels == name)) for name in classes}
        self.counts = _counts(fractions, batch_size)
        self.batch_size, self.seed, self.epoch = batch_size, seed, 0
        self.steps = -(-len(labels) // batch_size) if steps is None else steps

    def set_epoch(self, epoch: int) -> None:
        """Choose the draws of pass 0, 1, …"""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[list[int]]:
        generator = torch.Generator().manual_seed(derive_seed(self.seed, "fractions", self.epoch))
        for _ in range(self.steps):
            drawn = [
                rows[torch.randint(len(rows), (self.counts[name],), generator=generator)]
                for name, rows in self.rows.items()
            ]
            batch = torch.cat(drawn)
            yield batch[torch.randperm(len(batch), generator=generator)].tolist()


def _counts(fractions: dict[int, float], size: int) -> dict[int, int]:
    """Rows of each class, one or more, that sum to ``size``: largest remainders."""
    total = sum(fractions.values())
    exact = {name: share / total * size for name, share in fractions.items()}
    counts = {name: max(1, int(value)) for name, value in exact.items()}
    while sum(counts.values()) < size:
        name = max(exact, key=lambda one: (exact[one] - counts[one], -list(exact).index(one)))
        counts[name] += 1
    while sum(counts.values()) > size:
        spare = [one for one in counts if counts[one] > 1]
        name = max(spare, key=lambda one: (counts[one] - exact[one], counts[one]))
        counts[name] -= 1
    return counts
