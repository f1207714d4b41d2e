"""Losses that one can write down, with their minima.  Points are (..., d), losses (...)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

LossFunction = Callable[[Tensor], Tensor]  # (..., d) → (...)


class AnalyticLoss:
    """Base of the losses here: called with points (..., d) it gives (...), differentiable.

    Attributes:
        dimension: d.
        minima: (M, d) float64, every global minimum.
    """

    dimension: int
    minima: Tensor

    def value(self, x: Tensor) -> Tensor:  # (..., d) → (...)
        """The loss of points whose shape has been checked."""
        raise NotImplementedError

    def __call__(self, x: Tensor) -> Tensor:
        if x.ndim == 0 or x.shape[-1] != self.dimension:
            raise ValueError(
                f"{type(self).__name__} got points of shape {tuple(x.shape)}: expected (..., {self.dimension}). "
                f"Likely a start with the wrong number of coordinates; write one point as a list of {self.dimension}"
            )
        return self.value(x)

    def curvature(self, x: Tensor) -> Tensor:
        """The Hessian (d, d) at one point (d,)."""
        return torch.autograd.functional.hessian(self, x)


class Quadratic(AnalyticLoss):
    """½ Σ λᵢ (xᵢ - cᵢ)² with any spectrum λ.

    Args:
        spectrum: λ, the curvatures along the axes, each > 0.
        center: c, the minimum; the origin unless given.

    Raises:
        ValueError: a curvature is not above 0, or the center has another length.

    Example:
        >>> loss = Quadratic([1.0, 100.0])
        >>> loss(torch.tensor([2.0, 0.1])).item(), loss.condition
        (2.5, 100.0)
    """

    def __init__(self, spectrum: Sequence[float] | Tensor, center: Sequence[float] | Tensor | None = None):
        self.spectrum = torch.as_tensor(spectrum, dtype=torch.float64)
        if self.spectrum.ndim != 1 or not len(self.spectrum) or not (self.spectrum > 0).all():
            raise ValueError(
                f"spectrum got {self.spectrum.tolist()}: expected a list of curvatures, each above 0. "
                "A negative one has no minimum, and 0 a whole line of them"
            )
        self.dimension = len(self.spectrum)
        self.center = torch.zeros(self.dimension, dtype=torch.float64)
        if center is not None:
            self.center = torch.as_tensor(center, dtype=torch.float64)
        if self.center.shape != self.spectrum.shape:
            raise ValueError(
                f"center got shape {tuple(self.center.shape)}: expected ({self.dimension},), one for each curvature"
            )
        self.minima = self.center[None]

    @property
    def condition(self) -> float:
        """Largest over least curvature, ≥ 1."""
        return (self.spectrum.max() / self.spectrum.min()).item()

    def value(self, x: Tensor) -> Tensor:
        return ((x - self.center.to(x)).square() * self.spectrum.to(x)).sum(-1) / 2


class Rosenbrock(AnalyticLoss):
    """(1 - x)² + b (y - x²)²: a bent valley, flat along its floor; minimum 0 at (1, 1).

    Example:
        >>> Rosenbrock()(torch.tensor([0.0, 1.0])).item()
        101.0
    """

    dimension = 2

    def __init__(self, steepness: float = 100.0):
        self.steepness = _above_zero("steepness", steepness)
        self.minima = torch.tensor([[1.0, 1.0]], dtype=torch.float64)

    def value(self, x: Tensor) -> Tensor:
        first, second = x.unbind(-1)
        return (1 - first).square() + self.steepness * (second - first.square()).square()


class Beale(AnalyticLoss):
    """(1.5 - x + xy)² + (2.25 - x + xy²)² + (2.625 - x + xy³)²: plateaus between steep corners; 0 at (3, ½).

    Example:
        >>> Beale()(torch.tensor([[3.0, 0.5], [0.0, 0.0]])).tolist()
        [0.0, 14.203125]
    """

    dimension = 2

    def __init__(self):
        self.minima = torch.tensor([[3.0, 0.5]], dtype=torch.float64)

    def value(self, x: Tensor) -> Tensor:
        first, second = x.unbind(-1)
        return sum(
            (c - first + first * second**power).square() for power, c in enumerate((1.5, 2.25, 2.625), 1)
        )


class DoubleWell(AnalyticLoss):
    """b (x² - 1)² + ½ Σ (other coordinates)²: minima 0 at x = ±1, a barrier of b between them.

    Args:
        barrier: b > 0.
        dimension: d ≥ 1.

    Example:
        >>> DoubleWell()(torch.tensor([[0.0], [1.0], [2.0]])).tolist()
        [1.0, 0.0, 9.0]
    """

    def __init__(self, barrier: float = 1.0, dimension: int = 1):
        self.barrier = _above_zero("barrier", barrier)
        if dimension < 1:
            raise ValueError(f"dimension got {dimension}: expected 1 or more")
        self.dimension = dimension
        self.minima = torch.zeros(2, dimension, dtype=torch.float64)
        self.minima[:, 0] = torch.tensor([-1.0, 1.0])

    def value(self, x: Tensor) -> Tensor:
        return self.barrier * (x[..., 0].square() - 1).square() + x[..., 1:].square().sum(-1) / 2


class TwoBasins(AnalyticLoss):
    """-ln of two bells exp(-(x ∓ a)² / 2w²): equally low minima, one broad and one narrow, in one dimension.

    At temperature 1 the Gibbs density is that pair of bells, so a basin holds the share w / Σ w of the mass.

    Args:
        widths: w of the left and of the right basin; each at most half the ``distance``.
        distance: a, from the origin to the middle of either bell; minima lie a little nearer.

    Example:
        >>> [round(loss, 4) for loss in TwoBasins()(torch.tensor([[-1.4], [0.0], [1.8]])).tolist()]
        [0.5, 5.5556, 0.5]
    """

    dimension = 1

    def __init__(self, widths: tuple[float, float] = (0.6, 0.2), distance: float = 2.0):
        self.widths = tuple(_above_zero("width", width) for width in widths)
        self.distance = _above_zero("distance", distance)
        if max(self.widths) > distance / 2:
            raise ValueError(
                f"widths got {widths} at distance {distance}: expected at most {distance / 2:g} each. "
                "Wider basins flow together"
            )
        middles = torch.tensor([-self.distance, self.distance], dtype=torch.float64)
        precision = torch.tensor(self.widths, dtype=torch.float64) ** -2
        self.minima = middles[:, None]
        for _ in range(50):  # mean shift
            share = torch.softmax(-precision * (self.minima - middles).square() / 2, dim=-1) * precision
            self.minima = (share * middles).sum(-1, keepdim=True) / share.sum(-1, keepdim=True)

    def value(self, x: Tensor) -> Tensor:
        away = torch.cat([x + self.distance, x - self.distance], dim=-1)  # (..., 2)
        return -torch.logsumexp(-(away / x.new_tensor(self.widths)).square() / 2, dim=-1)


def gradient(loss_fn: LossFunction, x: Tensor) -> Tensor:
    """∇L at points (..., d), by autograd; the same shape.

    Example:
        >>> gradient(Quadratic([1.0, 100.0]), torch.tensor([2.0, 0.1])).tolist()
        [2.0, 10.0]
    """
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        (found,) = torch.autograd.grad(evaluate(loss_fn, x).sum(), x)
    return found


def evaluate(loss_fn: LossFunction, x: Tensor) -> Tensor:
    """``loss_fn(x)``, refused unless it gives one differentiable loss for each point."""
    losses = loss_fn(x)
    if not isinstance(losses, Tensor) or losses.shape != x.shape[:-1]:
        got = f"shape {tuple(losses.shape)}" if isinstance(losses, Tensor) else type(losses).__name__
        raise ValueError(
            f"loss_fn gave {got} for points {tuple(x.shape)}: expected a tensor {tuple(x.shape[:-1])}, one loss for "
            "each point. Sum over the last dimension only, as in (x ** 2).sum(-1)"
        )
    if x.requires_grad and not losses.requires_grad:
        raise ValueError(
            "loss_fn gave a loss without a gradient: expected torch operations throughout. "
            "Likely .item(), .numpy() or math.* on the way; use their torch.* counterparts"
        )
    return losses


def as_points(x0: Any) -> Tensor:
    """A start or starts as float64 (d,) or (N, d), a copy."""
    points = torch.as_tensor(x0, dtype=torch.float64).detach().clone()
    if points.ndim not in (1, 2) or not points.numel():
        raise ValueError(
            f"x0 got shape {tuple(points.shape)}: expected (d,) for one start or (N, d) for N of them. "
            "In one dimension, write [0.5] for one start and [[0.5], [2.0]] for two"
        )
    if not points.isfinite().all():
        raise ValueError("x0 holds infinities or NaN: expected numbers")
    return points


def _above_zero(name: str, number: float) -> float:
    if not (number > 0 and math.isfinite(number)):
        raise ValueError(f"{name} got {number}: expected a number above 0")
    return float(number)
