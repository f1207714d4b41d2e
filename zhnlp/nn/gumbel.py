"""Samples of categorical variables, exact and relaxed, through which gradients pass.  K classes on the last axis.

Source: https://kexue.fm/archives/6705; Jang, Gu and Poole 2016, https://arxiv.org/abs/1611.01144
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def gumbel_noise(like: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
    """-log(-log u) with u uniform in (0, 1): shape and device of ``like``, float32 or wider; mean 0.5772, variance π²/6.

    Example:
        >>> noise = gumbel_noise(torch.empty(100_000), generator=torch.Generator().manual_seed(0))
        >>> round(noise.mean().item(), 2), round(noise.var().item(), 2)
        (0.58, 1.64)
    """
    if not like.is_floating_point():
        raise TypeError(
            f"noise like {like.dtype}: expected logits of a floating type. Likely class numbers; pass logits.float()"
        )
    wide = (
        like.dtype if like.dtype == torch.float64 else torch.float32
    )  # in half precision -log u rounds to 0
    noise = torch.empty_like(like, dtype=wide, memory_format=torch.contiguous_format)
    return -noise.exponential_(generator=generator).log()


def gumbel_max(logits: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
    """Exact samples: the class (...) of the greatest ``logits`` (..., K) + Gumbel noise has probability softmax(logits).

    Example:
        >>> logits = torch.tensor([0.1, 0.2, 0.3, 0.4]).log().expand(20_000, 4)
        >>> classes = gumbel_max(logits, generator=torch.Generator().manual_seed(0))
        >>> [round(share, 2) for share in (classes.bincount() / 20_000).tolist()]
        [0.1, 0.2, 0.3, 0.4]
    """
    return (logits + gumbel_noise(logits, generator=generator)).argmax(-1)


def straight_through(hard: Tensor, soft: Tensor) -> Tensor:
    """The values of ``hard``, exactly, with the gradient of ``soft``.

    Example:
        >>> soft = torch.tensor([0.4, 0.6], requires_grad=True)
        >>> y = straight_through(torch.tensor([0.0, 1.0]), soft)
        >>> y.tolist(), torch.autograd.grad(y[0], soft)[0].tolist()
        ([0.0, 1.0], [1.0, 0.0])
    """
    return hard.detach() + (soft - soft.detach())


def gumbel_softmax(
    logits: Tensor, tau: float = 1.0, *, hard: bool = False, generator: torch.Generator | None = None
) -> Tensor:
    """softmax((logits + Gumbel noise) / tau), (..., K): a relaxed one-hot sample that is differentiable in the logits.

    As tau → 0 it tends to an exact one-hot sample, while the gradient's variance grows without bound; at tau > 0 the gradient of
    an expectation is biased.  The same global seed gives the same draws as `torch.nn.functional.gumbel_softmax`.

    Args:
        logits: (..., K), unnormalised log-probabilities.
        tau: temperature > 0.
        hard: give the one-hot of the greatest entry, with the gradient of the soft sample.
        generator: of the noise; torch's global one unless given.

    Raises:
        ValueError: tau is not above 0.

    Example:
        >>> y = gumbel_softmax(torch.zeros(3, 4), 0.5, hard=True)
        >>> y.shape, y.sum(-1).tolist()
        (torch.Size([3, 4]), [1.0, 1.0, 1.0])
    """
    if not (tau > 0 and math.isfinite(tau)):
        raise ValueError(
            f"tau got {tau}: expected a temperature above 0. Near 0 gradients explode; for exact samples use gumbel_max"
        )
    soft = ((logits + gumbel_noise(logits, generator=generator)) / tau).softmax(-1).to(logits.dtype)
    return straight_through(one_hot(soft.argmax(-1), soft), soft) if hard else soft


def one_hot(classes: Tensor, like: Tensor) -> Tensor:
    """(..., K) in the type of ``like`` (..., K) from classes (...).

    Example:
        >>> one_hot(torch.tensor([1]), torch.zeros(1, 3)).tolist()
        [[0.0, 1.0, 0.0]]
    """
    return F.one_hot(classes, like.shape[-1]).to(like.dtype)


def exponential_schedule(
    start: float = 1.0, end: float = 0.01, decay: float = 0.999
) -> Callable[[int], float]:
    """step → tau = end + (start - end) decay^step; the defaults are those of the post's demo.

    Example:
        >>> schedule = exponential_schedule()
        >>> schedule(0), round(schedule(1000), 3), round(schedule(10_000), 3)
        (1.0, 0.374, 0.01)
    """
    if not (0 < end <= start and 0 < decay <= 1):
        raise ValueError(
            f"got start {start}, end {end}, decay {decay}: expected start ≥ end > 0 and decay in (0, 1]"
        )
    return lambda step: end + (start - end) * decay**step


class GumbelSoftmax(nn.Module):
    """`gumbel_softmax` as a layer, whose temperature may follow a schedule; logits (..., K) → samples (..., K).

    While training each call draws noise and is one step of the schedule; ``steps`` is kept in the state dict.  In evaluation mode
    it gives the one-hot of the most probable class, without noise; ``sample`` draws exact one-hot samples in either mode.

    Args:
        tau: temperature > 0, without a schedule.
        hard: one-hot samples with the gradient of the soft ones.
        schedule: calls so far → temperature, such as `exponential_schedule`.

    Example:
        >>> layer = GumbelSoftmax(schedule=exponential_schedule(1.0, 0.1, decay=0.5))
        >>> _ = layer(torch.zeros(2, 3)), layer(torch.zeros(2, 3))
        >>> round(layer.tau, 3), layer.eval()(torch.tensor([0.0, 2.0, 1.0])).tolist()
        (0.325, [0.0, 1.0, 0.0])
    """

    steps: Tensor

    def __init__(
        self, tau: float = 1.0, *, hard: bool = False, schedule: Callable[[int], float] | None = None
    ):
        super().__init__()
        if not (tau > 0 and math.isfinite(tau)):
            raise ValueError(f"tau got {tau}: expected a temperature above 0")
        self.hard = hard
        self._tau, self._schedule = tau, schedule
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    @property
    def tau(self) -> float:
        """The temperature of the next call."""
        return self._tau if self._schedule is None else self._schedule(int(self.steps))

    def forward(self, logits: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """(..., K), relaxed or one-hot."""
        if not self.training:
            return one_hot(logits.argmax(-1), logits)
        y = gumbel_softmax(logits, self.tau, hard=self.hard, generator=generator)
        self.steps += 1
        return y

    @staticmethod
    def sample(logits: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """Exact one-hot samples (..., K), without a gradient."""
        return one_hot(gumbel_max(logits.detach(), generator=generator), logits)

    def extra_repr(self) -> str:
        return f"tau={self.tau:g}, hard={self.hard}"
