"""Samples in the plane against known modes."""

from __future__ import annotations

import torch
from torch import Tensor


def mode_report(
    samples: Tensor, centres: Tensor, *, near: float = 0.2, alive: float = 0.3, least: int = 10
) -> dict[str, float]:
    """How many modes have samples, and how many samples lie near one.

    Args:
        samples: (n, 2).
        centres: (K, 2).
        near: distance within which a sample counts as good.
        alive: distance within which a sample counts for a mode.
        least: a mode lives with more samples than that; of 1,000, as the posts count.

    Returns:
        ``modes`` alive, of K; ``near``, the share of good samples.

    Example:
        >>> mode_report(torch.zeros(100, 2), torch.tensor([[0.0, 0.1], [5.0, 5.0]]))
        {'modes': 1.0, 'near': 1.0}
    """
    distances, modes = torch.cdist(samples.double(), centres.double()).min(1)
    counts = torch.bincount(modes[distances < alive], minlength=len(centres))
    return {
        "modes": float((counts > least * len(samples) / 1000).sum()),
        "near": float((distances < near).double().mean()),
    }
