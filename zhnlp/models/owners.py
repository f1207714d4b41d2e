"""Which source each hypothesis belongs to, so that what was computed of a source is held once for all of them.

R sources, N hypotheses, K the most hypotheses that a source has.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Owners:
    """The sources of N hypotheses, in any order; a source has one hypothesis or more.

    Attributes:
        numbers: (N,) the source of each hypothesis, 0 to R − 1.
        sources: R.
        most: K.
        places: (N,) where each hypothesis stands when every source has K places; None where that is where it stands already.

    Example:
        >>> three = Owners.of(torch.tensor([0, 1, 0]), sources=2)
        >>> rows = three.together(torch.tensor([5, 6, 7]))  # (R, K)
        >>> rows.tolist(), three.apart(rows).tolist()
        ([[5, 7], [6, 0]], [5, 6, 7])
    """

    numbers: Tensor
    sources: int
    most: int
    places: Tensor | None

    @classmethod
    def of(cls, numbers: Tensor, sources: int) -> Owners:
        """From the source of each hypothesis."""
        counts = numbers.bincount(minlength=sources)
        most = int(counts.max())
        if len(numbers) == sources * most and bool((numbers[1:] >= numbers[:-1]).all()):
            return cls(numbers, sources, most, None)
        order = numbers.argsort(stable=True)
        ranks = (
            torch.arange(len(numbers), device=numbers.device) - (counts.cumsum(0) - counts)[numbers[order]]
        )
        places = torch.empty_like(numbers)
        places[order] = numbers[order] * most + ranks
        return cls(numbers, sources, most, places)

    @classmethod
    def one_each(cls, sources: int, device: torch.device | None = None) -> Owners:
        """One hypothesis for each source."""
        return cls(torch.arange(sources, device=device), sources, 1, None)

    def __len__(self) -> int:
        return len(self.numbers)

    def select(self, rows: Tensor) -> tuple[Owners, Tensor | None]:
        """Those of the hypotheses at ``rows`` (M,), repeated or left out, and the sources that are left; None for all of them."""
        left, numbers = self.numbers[rows].unique(return_inverse=True)
        return Owners.of(numbers, len(left)), None if len(left) == self.sources else left

    def together(self, x: Tensor) -> Tensor:
        """(N, …) → (R, K, …), 0 where a source has fewer than K."""
        if self.places is not None:
            x = x.new_zeros((self.sources * self.most, *x.shape[1:])).index_copy(0, self.places, x)
        return x.unflatten(0, (self.sources, self.most))

    def apart(self, x: Tensor) -> Tensor:
        """(R, K, …) → (N, …)."""
        x = x.flatten(0, 1)
        return x if self.places is None else x[self.places]
