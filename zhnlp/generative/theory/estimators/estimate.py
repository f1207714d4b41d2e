"""Samples of a gradient estimator, with their bias and variance.  n draws, P parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

Function = Callable[[Tensor], Tensor]  # points (n, …) → values (n,)


@dataclass(frozen=True, eq=False)
class GradientEstimate:
    """n estimates of one gradient, each from one draw.

    Attributes:
        samples: (n, P) float64.
        exact: the true gradient, (P,).

    Example:
        >>> estimate = GradientEstimate(torch.tensor([[1.0, 0.0], [3.0, 0.0]]), torch.tensor([2.0, 1.0]))
        >>> estimate.mean.tolist(), estimate.bias_norm, estimate.total_variance
        ([2.0, 0.0], 1.0, 2.0)
    """

    samples: Tensor
    exact: Tensor

    @property
    def mean(self) -> Tensor:
        """(P,)."""
        return self.samples.mean(0)

    @property
    def bias(self) -> Tensor:
        """mean - exact, (P,); of an unbiased estimator some ``standard_error``."""
        return self.mean - self.exact

    @property
    def variance(self) -> Tensor:
        """Of one draw, (P,)."""
        return self.samples.var(0)

    @property
    def standard_error(self) -> Tensor:
        """Of the mean, (P,)."""
        return (self.variance / len(self.samples)).sqrt()

    @property
    def bias_norm(self) -> float:
        """|mean - exact|."""
        return torch.linalg.vector_norm(self.bias).item()

    @property
    def total_variance(self) -> float:
        """Of one draw, summed over parameters."""
        return self.variance.sum().item()


def bias_variance_table(estimates: Mapping[str, GradientEstimate]) -> list[dict[str, object]]:
    """One row an estimator: ``method``, ``bias`` (norm), ``noise`` (what an unbiased one would show), ``variance`` (total).

    Example:
        >>> estimate = GradientEstimate(torch.tensor([[1.0], [3.0]]), torch.tensor([2.0]))
        >>> bias_variance_table({"mine": estimate})
        [{'method': 'mine', 'bias': 0.0, 'noise': 1.0, 'variance': 2.0}]
    """
    return [
        {
            "method": method,
            "bias": estimate.bias_norm,
            "noise": torch.linalg.vector_norm(estimate.standard_error).item(),
            "variance": estimate.total_variance,
        }
        for method, estimate in estimates.items()
    ]


def values_of(f: Function, points: Tensor) -> Tensor:
    """f(points), refused unless it is one number a row.

    Example:
        >>> values_of(lambda z: z.square().sum(-1), torch.ones(2, 3)).tolist()
        [3.0, 3.0]
    """
    values = f(points)
    if not isinstance(values, Tensor) or values.shape != points.shape[:1]:
        got = tuple(values.shape) if isinstance(values, Tensor) else type(values).__name__
        raise ValueError(
            f"f gave {got} for points of shape {tuple(points.shape)}: expected ({len(points)},), a number for each row. "
            "Likely a mean over the batch; take it over the last axis only"
        )
    return values


def score_function_samples(values: Tensor, scores: Tensor, baseline: Tensor | float) -> Tensor:
    """(f - baseline) ∇ log p, (n, P) of values (n,), scores (n, P) and a baseline (), (n, 1) or (P,).

    Example:
        >>> score_function_samples(torch.tensor([3.0]), torch.tensor([[2.0, -1.0]]), 1.0).tolist()
        [[4.0, -2.0]]
    """
    return (values[:, None] - baseline) * scores


def leave_one_out(values: Tensor) -> Tensor:
    """For each value the mean of all others, (n, 1): a baseline that does not know the draw it is taken off.

    Example:
        >>> leave_one_out(torch.tensor([1.0, 2.0, 6.0])).squeeze(1).tolist()
        [4.0, 3.5, 1.5]
    """
    if len(values) < 2:
        raise ValueError(
            f"n got {len(values)}: expected 2 draws or more, for each of which others make a baseline"
        )
    return ((values.sum() - values) / (len(values) - 1))[:, None]


def check_draws(method: str, methods: tuple[str, ...], n: int) -> None:
    """Refuse an unknown method, or fewer than two draws.

    Example:
        >>> check_draws("loo", ("loo", "exact"), 1)
        Traceback (most recent call last):
        ValueError: n got 1: expected 2 draws or more, as a variance needs
    """
    if method not in methods:
        raise ValueError(f"method got {method!r}: expected one of {', '.join(methods)}")
    if n < 2:
        raise ValueError(f"n got {n}: expected 2 draws or more, as a variance needs")
