"""The protocol of a penalty on gradients."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import Tensor

from zhnlp.generative.gan.constraints.gradients import squared_gradient_norms
from zhnlp.generative.gan.constraints.points import POINTS, penalty_points


class Penalty:
    """weight · mean of `of` over rows at which gradients are taken; a subclass gives `of`.

    Args:
        weight: ≥ 0.
        at: where, of `penalty_points`.

    Raises:
        ValueError: the weight is negative or infinite, or ``at`` is not known.
    """

    def __init__(self, weight: float, at: str):
        if not (weight >= 0 and math.isfinite(weight)):
            raise ValueError(f"weight got {weight!r}: expected 0 or more")
        if at not in POINTS:
            raise ValueError(f"at got {at!r}: expected one of {', '.join(map(repr, POINTS))}")
        self.weight, self.at = float(weight), at

    def of(self, squares: Tensor) -> Tensor:
        """The penalty of each row (B,), of squared norms of gradients (B,)."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it penalises")

    def __call__(self, critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
        """0-d, to add to what the critic lowers; points are drawn with torch's own random numbers."""
        return (
            self.weight * self.of(squared_gradient_norms(critic, penalty_points(real, fake, self.at))).mean()
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}(weight={self.weight:g}, at={self.at!r})"
