"""Which texts of a batch mean the same: the masks of the losses that compare texts with each other."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor


def same_and_different(cos: Tensor, groups: Tensor, others: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Right and wrong entries of ``cos``, both (B, N) of bools; a text itself is neither.

    Args:
        cos: (B, N).
        groups: (B,) group of each row.
        others: (N,) group of each column; None where the columns are the rows themselves, whose diagonal is left out.

    Raises:
        ValueError: the shapes do not fit.

    Example:
        >>> same, different = same_and_different(torch.zeros(3, 3), torch.tensor([7, 7, 8]))
        >>> same.int().tolist(), different.int().tolist()
        ([[0, 1, 0], [1, 0, 0], [0, 0, 0]], [[0, 0, 1], [0, 0, 1], [1, 1, 0]])
    """
    columns = groups if others is None else others
    if cos.ndim != 2 or tuple(cos.shape) != (*groups.shape, *columns.shape):
        raise ValueError(
            f"cos is {tuple(cos.shape)}, groups {tuple(groups.shape)} and others "
            f"{None if others is None else tuple(others.shape)}: expected (B, N), (B,) and (N,); "
            "without others the columns are the rows, (B, B)"
        )
    same = groups[:, None] == columns
    if others is not None:
        return same, ~same
    return same & ~torch.eye(len(same), dtype=torch.bool, device=same.device), ~same


def nothing_to_learn(cos: Tensor, why: str) -> Tensor:
    """A loss of 0 that has a gradient (of zeros), with a warning."""
    warnings.warn(
        f"{why}: the loss of this batch is 0. Next: batches with several texts a group", stacklevel=3
    )
    return cos.sum() * 0
