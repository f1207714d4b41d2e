"""Global tokens beside local attention: all queries see them, and they see the keys that their window has not.

B batch, L positions, N the most global tokens that a row has.

Source: Beltagy et al. 2020, https://arxiv.org/abs/2004.05150
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from zhnlp.nn.sparse_attention.bands import FEATURES
from zhnlp.nn.sparse_attention.slots import Picked, Strided


def pick(marks: Tensor) -> Picked | None:
    """The marked positions of each row of bools (B, L), filled up to N with others; None where no row has any.

    Example:
        >>> pick(torch.tensor([[False, True, False], [True, False, True]])).index.tolist()
        [[1, 0], [0, 2]]
    """
    most = int(marks.sum(-1).max())
    return Picked(torch.sort(~marks, dim=-1, stable=True).indices[:, :most]) if most else None


def stretches(length: int, others: int, *, cells: int) -> Iterator[Strided]:
    """A row in stretches, of which each makes at most ``cells`` pairs with ``others`` positions.

    Example:
        >>> [(part.first, part.items) for part in stretches(10, 2, cells=256)]
        [(0, 4), (4, 4), (8, 2)]
    """
    width = max(1, cells // max(others, FEATURES))
    for first in range(0, length, width):
        yield Strided(first, 1, min(width, length - first))
