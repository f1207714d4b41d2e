"""Integrated gradients: how a difference F(x) − F(x̄) is divided among the components of x.

Component i gets (x − x̄)ᵢ ∫₀¹ ∂F/∂xᵢ(x̄ + α (x − x̄)) dα.  The sign is kept: above 0 a component speaks for the score.  The shares add up to
F(x) − F(x̄) (completeness), up to the error of the quadrature.  Gauss-Legendre points make that error small: n points are
exact for every gradient that is a polynomial of degree 2n − 1 in α.

Source: Sundararajan et al. 2017, https://arxiv.org/abs/1703.01365; 苏剑林, https://kexue.fm/archives/7533 (with absolute
values, which lose the sign)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from zhnlp.attribution.gradients import Function, gradients, wide


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
    totals = [torch.zeros_like(wide(x)) for x in inputs]
    for begin in range(0, steps, rows or steps):
        chosen = slice(begin, begin + (rows or steps))
        points = [_between(x, b, places[chosen]) for x, b in zip(inputs, baselines)]
        _, slopes = gradients(function, points)
        for total, slope in zip(totals, slopes):
            weight = torch.as_tensor(weights[chosen], device=total.device)
            total += torch.tensordot(weight, wide(slope), 1)
    return tuple(total * wide(x - b) for total, x, b in zip(totals, inputs, baselines))


def _between(x: Tensor, baseline: Tensor, places: np.ndarray) -> Tensor:
    """The points (B, …) of the path from the baseline to x."""
    share = torch.as_tensor(places, dtype=x.dtype, device=x.device).view(-1, *[1] * x.ndim)
    return torch.lerp(baseline.expand(len(places), *x.shape), x.expand(len(places), *x.shape), share)
