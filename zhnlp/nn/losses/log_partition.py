"""The log-partition of an energy by importance sampling, to check what noise contrast learnt."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from zhnlp.nn.losses.cosine import wide


class LogZ(NamedTuple):
    value: float
    """log Z in nats."""
    error: float
    """Its standard error, in nats."""
    effective: float
    """Samples drawn from e^G itself that would be worth as much, in [1, N]."""


def estimate_log_z(scores: Tensor, log_q: Tensor) -> LogZ:
    """``log (1/N) Σ e^{G(x) - log q(x)}`` over x drawn from q: an estimate of log ∫ e^{G(x)} dx.

    Trust it where ``effective`` is in the hundreds; q has to be wider than e^G.

    Args:
        scores: (N,) G of the samples.
        log_q: (N,) their log-chances.

    Raises:
        ValueError: fewer than two samples, differing shapes, or a number that is NaN or +inf.

    Example:
        >>> from torch.distributions import Normal
        >>> x = Normal(0.0, 1.0).sample((1000,))
        >>> found = estimate_log_z(-x.square() / 2, Normal(0.0, 1.0).log_prob(x))  # √2π; q is the density itself
        >>> round(found.value, 4), round(found.error, 4), round(found.effective)
        (0.9189, 0.0, 1000)

    Source: 苏剑林, https://kexue.fm/archives/5617
    """
    if scores.ndim != 1 or scores.shape != log_q.shape or len(scores) < 2:
        raise ValueError(
            f"scores are {tuple(scores.shape)} and log_q {tuple(log_q.shape)}: expected (N,) twice with N ≥ 2"
        )
    logs = (wide(scores.detach()) - wide(log_q.detach())).double()
    if not torch.all(logs < torch.inf) or logs.max() == -torch.inf:
        raise ValueError("a score or log-chance is NaN or +inf, or all scores are -inf: expected finite ones")
    weights = (logs - logs.max()).exp()
    mean = weights.mean()
    return LogZ(
        value=float(mean.log() + logs.max()),
        error=float(weights.std() / mean / len(weights) ** 0.5),
        effective=float(weights.sum().square() / weights.square().sum()),
    )
