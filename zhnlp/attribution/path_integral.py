"""Integrated gradients: how a difference F(x) − F(x̄) is divided among the components of x.

Component i gets (x − x̄)ᵢ ∫₀¹ ∂F/∂xᵢ(x̄ + α (x − x̄)) dα.  The sign is kept: above 0 a component speaks for the score.
The shares add up to F(x) − F(x̄) (completeness), up to the error of the quadrature.  Gauss-Legendre points make that
error small: n points are exact for every gradient that is a polynomial of degree 2n − 1 in α.

Source: Sundararajan et al. 2017, https://arxiv.org/abs/1703.01365; 苏剑林, https://kexue.fm/archives/7533 (with absolute
values, which lose the sign)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heappop, heappush

import numpy as np
import torch
from torch import Tensor

from zhnlp.attribution.gradients import Function, checked, gradients, wide

_NOISE = 1e-5  # of float32: a smaller gap says nothing


def path_points(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Places in (0, 1) and weights that sum to 1 of Gauss-Legendre quadrature, (steps,) each.

    Raises:
        ValueError: ``steps`` is below 1.

    Example:
        >>> places, weights = path_points(3)
        >>> places.round(4).tolist(), weights.round(4).tolist()
        ([0.1127, 0.5, 0.8873], [0.2778, 0.4444, 0.2778])
        >>> round(float(weights @ places**5), 12)  # ∫ α⁵ = 1/6
        0.166666666667
    """
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise ValueError(f"steps={steps!r} is not possible: expected 1 or more")
    places, weights = np.polynomial.legendre.leggauss(steps)
    return (places + 1) / 2, weights / 2


def integrated_gradients(
    function: Function,
    inputs: Sequence[Tensor],
    baselines: Sequence[Tensor],
    *,
    steps: int = 50,
    rows: int | None = None,
) -> tuple[Tensor, ...]:
    """The share of every component of the inputs in F(inputs) − F(baselines), in their shapes; float64.

    Args:
        function: takes one tensor (B, …) for each input and gives (B,).
        inputs: tensors of any shapes, without the dimension of the batch; they go along the path together.
        baselines: of the same shapes.
        steps: points of the quadrature.
        rows: points that are computed together; None for all.

    Raises:
        ValueError: shapes differ, or as `gradients`.

    Example:
        >>> x, baseline = torch.tensor([1.0, 2.0]), torch.zeros(2)
        >>> (share,) = integrated_gradients(lambda x: x[:, 0] ** 3 * x[:, 1], [x], [baseline], steps=5)
        >>> share.round(decimals=6).tolist()  # of 2: three quarters to the cube
        [1.5, 0.5]
    """
    if len(inputs) != len(baselines) or any(x.shape != b.shape for x, b in zip(inputs, baselines)):
        raise ValueError(
            f"inputs {[tuple(x.shape) for x in inputs]} and baselines {[tuple(x.shape) for x in baselines]} differ in shape"
        )
    places, weights = path_points(steps)
    return _panel(function, inputs, baselines, places, weights, rows or steps)


def adaptive_integrated_gradients(
    function: Function,
    inputs: Sequence[Tensor],
    baselines: Sequence[Tensor],
    *,
    tolerance: float = 0.01,
    points: int = 20,
    most: int = 2000,
    rows: int | None = None,
    reduce: Callable[[Tensor], Tensor] | None = None,
) -> tuple[tuple[Tensor, ...], int]:
    """Integrated gradients with as many points as it takes, and how many that were.

    What the shares of a piece of the path must add up to is known, the difference of the score at its ends.  The piece
    that misses it by most is halved until all gaps together are within the tolerance, so points gather where the score
    jumps.

    Args:
        function, inputs, baselines, rows: as `integrated_gradients`.
        tolerance: completeness error to reach (0-1).
        points: of each piece.
        most: points that are computed at most.
        reduce: what is kept of the shares of a piece, a linear function of one tensor; None for all.

    Raises:
        ValueError: as `integrated_gradients`.

    Example:
        >>> x, baseline = torch.tensor([1.0, 1.0]), torch.zeros(2)
        >>> (share,), used = adaptive_integrated_gradients(lambda x: (60 * (x.sum(1) - 0.7)).tanh(), [x], [baseline])
        >>> share.round(decimals=2).tolist(), used
        ([1.0, 1.0], 140)
    """
    places, weights = path_points(points)

    def piece(begin: float, end: float, first: float, last: float) -> tuple:
        width = end - begin
        shares = _panel(function, inputs, baselines, begin + width * places, width * weights, rows or points)
        gap = abs(sum(share.sum().item() for share in shares) - (last - first))
        kept = shares if reduce is None else tuple(map(reduce, shares))
        return (-gap, begin, end, first, last, kept)  # begins differ, so a heap never compares tensors

    ends = _scores_at(function, inputs, baselines, [0.0, 1.0])
    allowed = max(tolerance * abs(ends[1] - ends[0]), _NOISE * max(1.0, *map(abs, ends)))
    pieces = [piece(0.0, 1.0, *ends)]
    used = points
    while -sum(one[0] for one in pieces) > allowed and used + 2 * points <= most:
        _, begin, end, first, last, _ = heappop(pieces)
        middle = (begin + end) / 2
        (between,) = _scores_at(function, inputs, baselines, [middle])
        heappush(pieces, piece(begin, middle, first, between))
        heappush(pieces, piece(middle, end, between, last))
        used += 2 * points
    return tuple(sum(parts) for parts in zip(*(one[-1] for one in pieces))), used


def _panel(
    function: Function,
    inputs: Sequence[Tensor],
    baselines: Sequence[Tensor],
    places: np.ndarray,
    weights: np.ndarray,
    rows: int,
) -> tuple[Tensor, ...]:
    """(x − x̄) times the weighted sum of gradients at ``places`` of the path."""
    totals = [torch.zeros_like(wide(x)) for x in inputs]
    for begin in range(0, len(places), rows):
        chosen = slice(begin, begin + rows)
        _, slopes = gradients(function, [_between(x, b, places[chosen]) for x, b in zip(inputs, baselines)])
        for total, slope in zip(totals, slopes):
            total += torch.tensordot(torch.as_tensor(weights[chosen], device=total.device), wide(slope), 1)
    return tuple(total * wide(x - b) for total, x, b in zip(totals, inputs, baselines))


def _scores_at(
    function: Function, inputs: Sequence[Tensor], baselines: Sequence[Tensor], places: Sequence[float]
) -> list[float]:
    with torch.no_grad():
        found = function(*[_between(x, b, np.array(places)) for x, b in zip(inputs, baselines)])
    return checked(found, len(places)).double().tolist()


def _between(x: Tensor, baseline: Tensor, places: np.ndarray) -> Tensor:
    """The points (B, …) of the path from the baseline to x."""
    share = torch.as_tensor(places, dtype=x.dtype, device=x.device).view(-1, *[1] * x.ndim)
    return torch.lerp(baseline.expand(len(places), *x.shape), x.expand(len(places), *x.shape), share)
