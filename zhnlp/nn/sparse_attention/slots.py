"""Which positions of a row a tile takes: by stride, so that nothing is copied, or picked one by one.

B batch, H heads, L positions, G groups of N positions, d features a head.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Strided:
    """Positions first + g · hop + n · step, for g in G groups and n in N items.

    Blocks of neighbours have hop N and step 1, windows around them hop < N, the classes of residues hop 1 and step = rate.

    Example:
        >>> Strided(first=1, groups=2, items=3, hop=1, step=4).take(torch.arange(12).view(1, 1, 12, 1)).flatten(2).tolist()
        [[[1, 5, 9, 2, 6, 10]]]
    """

    first: int
    groups: int
    items: int
    hop: int = 1
    step: int = 1

    def take(self, x: Tensor) -> Tensor:
        """A view (B, H, G, N, d) of x (B, H, L, d)."""
        batch, heads, length, features = x.stride()
        return x.as_strided(
            (*x.shape[:2], self.groups, self.items, x.shape[3]),
            (batch, heads, self.hop * length, self.step * length, features),
            x.storage_offset() + self.first * length,
        )

    def put(self, target: Tensor, values: Tensor) -> None:
        """Write values (B, H, G, N, d) into the target (B, H, L, d); groups may not overlap."""
        self.take(target).copy_(values)

    def add(self, target: Tensor, values: Tensor) -> None:
        """Add values (B, H, G, N, d) to the target (B, H, L, d), groups that overlap too."""
        overlap = self.groups > 1 and self.step == 1 and self.items > self.hop
        width = self.hop if overlap else self.items
        for start in range(0, self.items, width):
            count = min(width, self.items - start)
            part = Strided(self.first + start * self.step, self.groups, count, self.hop, self.step)
            part.take(target).add_(values[..., start : start + count, :])

    def positions(self, device: Any) -> Tensor:
        """Those of the first group: (N,)."""
        return torch.arange(self.items, device=device) * self.step + self.first


@dataclass(frozen=True, eq=False)
class Picked:
    """The positions (B, N) of each row, none twice: one group.

    Example:
        >>> Picked(torch.tensor([[3, 0]])).take(torch.arange(4).view(1, 1, 4, 1)).flatten().tolist()
        [3, 0]
    """

    index: Tensor

    def take(self, x: Tensor) -> Tensor:
        """A copy (B, H, 1, N, d) of x (B, H, L, d)."""
        return x.gather(2, self._spread(x))[:, :, None]

    def put(self, target: Tensor, values: Tensor) -> None:
        """Write values (B, H, 1, N, d) into the target (B, H, L, d)."""
        target.scatter_(2, self._spread(target), values[:, :, 0].to(target.dtype))

    def add(self, target: Tensor, values: Tensor) -> None:
        """Add values (B, H, 1, N, d) to the target (B, H, L, d)."""
        target.scatter_add_(2, self._spread(target), values[:, :, 0].to(target.dtype))

    def positions(self, device: Any) -> Tensor:
        """All of them: (B, 1, 1, N)."""
        return self.index[:, None, None]

    def _spread(self, x: Tensor) -> Tensor:
        return self.index[:, None, :, None].expand(-1, x.shape[1], -1, x.shape[3])


Slots = Strided | Picked
