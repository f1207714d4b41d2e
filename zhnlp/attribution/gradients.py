"""Gradients of a score with respect to inputs, and the two attributions that need no path.

A function takes one tensor (B, …) or several and gives scores (B,), row by row.  Parameters are never touched: gradients
are taken of the inputs alone.

Source: 苏剑林, https://kexue.fm/archives/7533; Shrikumar et al. 2016, https://arxiv.org/abs/1605.01713
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Function = Callable[..., Tensor]


def gradients(function: Function, inputs: Sequence[Tensor]) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Scores (B,) and their gradients (B, …), one for each of the inputs (B, …).

    Raises:
        ValueError: the function gives another shape than (B,), numbers that are not finite, or has no gradient.

    Example:
        >>> scores, (slope,) = gradients(lambda x: (x**2).sum(-1), [torch.tensor([[1.0, 2.0]])])
        >>> scores.tolist(), slope.tolist()
        ([5.0], [[2.0, 4.0]])
    """
    with torch.inference_mode(False), torch.enable_grad():
        leaves = [value.detach().clone().requires_grad_() for value in inputs]
        scores = checked(function(*leaves), len(leaves[0]))
        if not scores.requires_grad:
            raise ValueError(
                "the score has no gradient: expected a function of its inputs that torch can differentiate. Likely it runs "
                "under no_grad, or leaves its inputs out. Next: method='occlusion', which needs no gradient"
            )
        slopes = torch.autograd.grad(scores.sum(), leaves, allow_unused=True)
    slopes = tuple(torch.zeros_like(leaf) if slope is None else slope for leaf, slope in zip(leaves, slopes))
    if not all(bool(slope.isfinite().all()) for slope in slopes):
        raise ValueError("the gradient is nan or infinite: expected numbers. Next: method='occlusion'")
    return scores.detach(), slopes


def gradient(function: Function, inputs: Sequence[Tensor], baselines: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The slope of the score at the input along the line from the baseline, per unit of length: (L,) of each (L, D).

    It is the gradient projected on the direction in which a row differs from its baseline, so it keeps the sign: above 0
    the score rises as the row moves away from the baseline.  A row equal to its baseline has 0.

    Example:
        >>> weight = torch.tensor([[3.0, 0.0], [-1.0, 1.0]])
        >>> (slope,) = gradient(lambda x: (x * weight).sum((1, 2)), [torch.tensor([[2.0, 0.0], [0.0, 0.0]])], [torch.zeros(2, 2)])
        >>> slope.tolist()
        [3.0, 0.0]
    """
    _, slopes = gradients(function, [value[None] for value in inputs])
    return tuple(
        _along(wide(slope[0]), wide(value - baseline))
        for slope, value, baseline in zip(slopes, inputs, baselines)
    )


def gradient_x_input(
    function: Function, inputs: Sequence[Tensor], baselines: Sequence[Tensor]
) -> tuple[Tensor, ...]:
    """The gradient at the input times input minus baseline, in the shape of each input; float64.

    The first-order guess of what is lost when the input becomes the baseline.  With a baseline of 0 it is the gradient
    times the input, and for a linear score w·x exactly w·x.

    Example:
        >>> weight = torch.tensor([3.0, -1.0])
        >>> (share,) = gradient_x_input(lambda x: x @ weight, [torch.tensor([2.0, 5.0])], [torch.zeros(2)])
        >>> share.tolist()
        [6.0, -5.0]
    """
    _, slopes = gradients(function, [value[None] for value in inputs])
    return tuple(
        wide(slope[0]) * wide(value - baseline) for slope, value, baseline in zip(slopes, inputs, baselines)
    )


def wide(x: Tensor) -> Tensor:
    """In float64, on the CPU where the device has none (Apple's MPS)."""
    return x.to("cpu" if x.device.type == "mps" else x.device, torch.float64)


def checked(scores: Tensor, rows: int) -> Tensor:
    """``scores`` if they are finite and (B,).

    Raises:
        ValueError: they are not.
    """
    if scores.shape != (rows,):
        raise ValueError(
            f"the score of {rows} rows has the shape {tuple(scores.shape)}: expected ({rows},), one number a row"
        )
    if not bool(scores.isfinite().all()):
        raise ValueError(
            "the score is nan or infinite: expected numbers. The weights are likely broken. Next: load the model again"
        )
    return scores


def _along(slope: Tensor, way: Tensor) -> Tensor:
    length = way.norm(dim=-1)
    return (slope * way).sum(-1) / torch.where(length > 0, length, 1.0)
