"""Batches of rows of nearly equal length, and rows of ids as one matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

CPU_BUDGET, GPU_BUDGET = 4096, 65536  # positions of a batch


def default_budget(device: torch.device) -> int:
    """Positions of a batch, padding included, where nobody says otherwise.

    Example:
        >>> import torch
        >>> default_budget(torch.device("cpu"))
        4096
    """
    return GPU_BUDGET if device.type == "cuda" else CPU_BUDGET


def batches_by_length(
    lengths: Sequence[int], *, token_budget: int, batch_size: int | None = None
) -> Iterator[list[int]]:
    """Numbers of rows, a list a batch: longest first, rows × longest ≤ ``token_budget`` (one row may exceed it alone).

    Args:
        lengths: tokens of each row.
        token_budget: positions of a batch, padding included.
        batch_size: rows of a batch at most; None for no such limit.

    Example:
        >>> list(batches_by_length([3, 9, 4, 9, 1], token_budget=18))
        [[1, 3], [2, 0, 4]]
    """
    batch: list[int] = []
    for number in sorted(range(len(lengths)), key=lambda number: -lengths[number]):
        longest = lengths[batch[0]] if batch else lengths[number]
        if batch and ((len(batch) + 1) * longest > token_budget or len(batch) == batch_size):
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch


def pad(rows: Sequence[Sequence[int]], value: int, *, left: bool = False) -> tuple[Tensor, Tensor]:
    """Rows of ids as one matrix (B, L) and its mask (B, L), 1 for what is real.

    Example:
        >>> ids, mask = pad([[5, 6, 7], [8]], 0)
        >>> ids.tolist(), mask.tolist()
        ([[5, 6, 7], [8, 0, 0]], [[1, 1, 1], [1, 0, 0]])
    """
    import torch

    longest = max(map(len, rows))
    ids, mask = [], []
    for row in rows:
        more = longest - len(row)
        before, after = (more, 0) if left else (0, more)
        ids.append([value] * before + list(row) + [value] * after)
        mask.append([0] * before + [1] * len(row) + [0] * after)
    return torch.tensor(ids), torch.tensor(mask)
