"""Focal loss: binary cross-entropy in which what is already right counts little, so that a few answers among many places count."""

from __future__ import annotations

import torch
from torch import Tensor

TINY = 1e-6


def focal(
    log_chance: Tensor, target: Tensor, mask: Tensor | None = None, *, alpha: float = 0.25, gamma: float = 2.0
) -> Tensor:
    """Mean over the mask of - α t (1 - p)^γ ln p - (1 - α)(1 - t) p^γ ln(1 - p), in nats, 0 or more.

    Args:
        log_chance: ln p ≤ 0, of any shape: ``logsigmoid(x)``, or a sum of such where chances are multiplied.
        target: t in [0, 1], of the same shape.
        mask: of the same shape, 1 where a place counts; None where all do.
        alpha: weight of the places with t = 1, in [0, 1].
        gamma: 0 is cross-entropy.

    Raises:
        ValueError: α or γ is out of its range, or no place counts.

    Example:
        >>> log_chance = torch.tensor([0.9, 0.2]).log()
        >>> focal(log_chance, torch.tensor([1.0, 0.0]))  # (.25 · .01 · .1054 + .75 · .04 · .2231) / 2
        tensor(0.0035)

    Source: Lin et al. 2017, https://arxiv.org/abs/1708.02002; 苏剑林, https://kexue.fm/archives/6906
    """
    if not 0 <= alpha <= 1 or gamma < 0:
        raise ValueError(f"alpha={alpha}, gamma={gamma} is not possible: expected alpha in [0, 1], gamma ≥ 0")
    log_chance = log_chance.to(torch.promote_types(log_chance.dtype, torch.float32))
    target = target.to(log_chance)
    rest = (-torch.expm1(log_chance)).clamp_min(TINY)  # 1 - p
    loss = -alpha * target * rest**gamma * log_chance
    loss = loss - (1 - alpha) * (1 - target) * (gamma * log_chance).exp() * rest.log()
    if mask is None:
        return loss.mean()
    mask = mask != 0
    if not mask.any():
        raise ValueError("no place counts: expected a mask with some that are not 0")
    return loss.masked_fill(~mask, 0).sum() / mask.sum()
