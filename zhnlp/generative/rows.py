"""What a generative model learns from: an array, or a function that draws fresh rows; checked, and cut into batches by number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from zhnlp.training.seeds import derive_seed

Draw = Callable[[int, torch.Generator], Tensor]


class Rows(Dataset):
    """Rows ``x`` (N, *shape), with labels ``y`` (N,) or without; a batch is one indexing.

    Args:
        data: tensor, array or nested list; float64 becomes float32, whole numbers stay.
        labels: whole numbers, one for each row.
        shape: of one row, which is checked; None takes any.

    Raises:
        ValueError: there are no rows, their shape is another, one is not finite, or labels are missing or too many.

    Example:
        >>> rows = Rows([[0.0, 1.0], [2.0, 3.0]], labels=[1, 0])
        >>> len(rows), rows.__getitems__([1])
        (2, {'x': tensor([[2., 3.]]), 'y': tensor([0])})
    """

    def __init__(self, data: Any, labels: Any = None, shape: Sequence[int] | None = None):
        self.x = as_rows(data, shape)
        self.y = None
        if labels is not None:
            self.y = torch.as_tensor(np.asarray(labels)).long()
            if self.y.shape != self.x.shape[:1]:
                raise ValueError(
                    f"labels have shape {tuple(self.y.shape)}: expected ({len(self.x)},), one for each row"
                )

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, row: int) -> dict[str, Tensor]:
        return {name: value[row] for name, value in self._columns()}

    def __getitems__(self, rows: list[int]) -> dict[str, Tensor]:
        index = torch.as_tensor(rows)
        return {name: value[index] for name, value in self._columns()}

    def _columns(self) -> list[tuple[str, Tensor]]:
        return [("x", self.x)] if self.y is None else [("x", self.x), ("y", self.y)]


def as_rows(data: Any, shape: Sequence[int] | None = None) -> Tensor:
    """The rows as one tensor (N, *shape), float32 or whole numbers; raises as `Rows`."""
    x = data if isinstance(data, Tensor) else torch.as_tensor(np.asarray(data))
    if x.ndim < 2 or not len(x):
        raise ValueError(
            f"the data has shape {tuple(x.shape)}: expected (N, …) with one row or more, such as (N, 2) or (N, 1, 28, 28)"
        )
    if shape is not None and x.shape[1:] != torch.Size(shape):
        if x[0].numel() != torch.Size(shape).numel():
            raise ValueError(
                f"a row has shape {tuple(x.shape[1:])}, the model is one of {tuple(shape)}. "
                f"Next: make the model with shape={tuple(x.shape[1:])}"
            )
        x = x.reshape(len(x), *shape)
    if x.is_floating_point():
        x = x.float()
        bad = ~torch.isfinite(x.flatten(1)).all(1)
        if bad.any():
            raise ValueError(
                f"{int(bad.sum()):,} of {len(x):,} rows have values that are no finite numbers, first row {int(bad.nonzero()[0])}. "
                "Next: leave them out, or mend them"
            )
    return x.contiguous()


class Batches:
    """Batches by their number alone, so that a training can go on anywhere: passes over rows, or fresh draws.

    Args:
        data: a `Rows`, or a function ``(n, generator) -> (n, *shape)``.
        size: rows of a batch; the last, shorter batch of a pass is left out, since adversarial losses compare batches.

    Example:
        >>> batches = Batches(Rows(torch.arange(10.0)[:, None]), size=4, seed=0)
        >>> batches.of_step(0)["x"].shape, bool((batches.of_step(5)["x"] == batches.of_step(5)["x"]).all())
        (torch.Size([4, 1]), True)
    """

    def __init__(self, data: Rows | Draw, size: int, seed: int):
        self.data, self.seed = data, seed
        self.size = min(size, len(data)) if isinstance(data, Rows) else size
        self._pass = -1
        self._order = torch.empty(0, dtype=torch.long)

    def of_step(self, number: int) -> dict[str, Tensor]:
        """Batch ``number``, counted from 0."""
        if not isinstance(self.data, Rows):
            drawn = self.data(
                self.size, torch.Generator().manual_seed(derive_seed(self.seed, "draw", number))
            )
            return {"x": drawn}
        done, place = divmod(number, len(self.data) // self.size)
        if done != self._pass:
            generator = torch.Generator().manual_seed(derive_seed(self.seed, "pass", done))
            self._pass, self._order = done, torch.randperm(len(self.data), generator=generator)
        return self.data.__getitems__(self._order[place * self.size : (place + 1) * self.size])
