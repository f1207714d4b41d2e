"""A macro-F1 that can be differentiated: counts are replaced by probabilities."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

EPSILON = 1e-8


def soft_macro_f1(logits: Tensor, target: Tensor, *, beta: float = 1.0) -> Tensor:
    """−log of the mean over classes of F_β = (1 + β²) Σ y p / Σ (β² y + p), with probabilities p; in nats, 0 or more.

    A class that is absent from the batch counts with F = 0 and pulls its probabilities down, so batches should hold every class
    (`ClassFractionBatches`).

    Args:
        logits: (B, C).
        target: (B,) whole numbers.
        beta: above 1 counts recall more.

    Raises:
        ValueError: the shapes do not fit.

    Example:
        >>> import torch
        >>> logits = torch.tensor([[20.0, 0.0], [0.0, 20.0]])
        >>> soft_macro_f1(logits, torch.tensor([0, 1])).item() < 1e-6
        True
        >>> round(soft_macro_f1(torch.zeros(2, 2), torch.tensor([0, 1])).item(), 4)  # each F is 2 · .5 / (1 + 1)
        0.6931

    Source: 苏剑林, https://kexue.fm/archives/5505 (two-stage training)
    """
    if logits.ndim != 2 or target.shape != logits.shape[:1]:
        raise ValueError(
            f"logits are {tuple(logits.shape)}, target {tuple(target.shape)}: expected (B, C) and (B,)"
        )
    p = logits.float().softmax(-1)
    y = F.one_hot(target, logits.shape[1]).to(p)
    right = (1 + beta**2) * (y * p).sum(0)
    return -(right / (beta**2 * y + p).sum(0).add(EPSILON)).mean().clamp_min(EPSILON).log()
