"""WGAN-div: zero-centred, with a power of its own."""

import math

from torch import Tensor

from zhnlp.generative.gan.constraints.base import Penalty


class DivPenalty(Penalty):
    """k · mean ‖∇T‖ᵖ; with the plain difference of means it makes a divergence for nearly any points.

    For two distributions a distance d apart along a line the best critic has the slope (d / (k p))^{1/(p − 1)}, and the
    difference of means is d times it.  At "both" and k/2 · (mean at real + mean at fake) are the same.

    Args:
        k: > 0, weight; 2 is best in the paper.
        p: ≥ 1, power; 6 is best there. Its slopes are huge where the critic is steep, so begin gently.

    Raises:
        ValueError: k or p is out of its range.

    Example:
        >>> import torch
        >>> x = torch.zeros(4, 1)
        >>> DivPenalty(k=2, p=6)(lambda x: 2 * x[:, 0], x, x).item()  # 2 · 2⁶
        128.0
        >>> round(DivPenalty(k=2, p=6).best_slope(1.0), 3)
        0.608

    Source: https://kexue.fm/archives/6139; Wu et al. 2018, arXiv 1712.01026
    """

    def __init__(self, k: float = 2.0, p: float = 6.0, at: str = "interp"):
        if not k > 0 or not 1 <= p < math.inf:
            raise ValueError(f"got k={k!r}, p={p!r}: expected k > 0 and p ≥ 1, best 2 and 6")
        super().__init__(k, at)
        self.p = float(p)

    def of(self, squares: Tensor) -> Tensor:
        half = self.p / 2
        return squares**half if half >= 1 else (squares + 1e-24) ** half

    def best_slope(self, distance: float) -> float:
        """Of the best critic between two distributions ``distance`` > 0 apart along a line; p > 1."""
        return (distance / (self.weight * self.p)) ** (1 / (self.p - 1))

    def __repr__(self) -> str:
        return f"DivPenalty(k={self.weight:g}, p={self.p:g}, at={self.at!r})"
