"""The f-GANs as losses of one score: which activation makes T of a raw score, and the conjugate of f at T.

v raw score, T = act(v), g conjugate of f, P data, Q generator.  D_f(P||Q) = max_v E_P[act(v)] - E_Q[g(act(v))].
The activations of 6016 that fall are turned round here (v → -v), so that real is high in all of them.

Source: https://kexue.fm/archives/6016; Nowozin, Cseke and Tomioka 2016, https://arxiv.org/abs/1606.00709
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class FLoss:
    """One f-divergence.

    Attributes:
        activation: v → T, rising.
        conjugate: T → g(T).
        slope: v → d g(act(v)) / dv ≥ 0, written down by hand.
    """

    activation: Callable[[Tensor], Tensor]
    conjugate: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]


def log_lambert(a: Tensor) -> Tensor:
    """log w where w + log w = a, which is log W(e^a) of Lambert's W; differentiable, for any a.

    Example:
        >>> log_lambert(torch.tensor([1.0, 1 + 2.718281828])).tolist()
        [0.0, 1.0]
    """
    with torch.no_grad():
        x = torch.where(a > 1, a.clamp(min=1).log(), a - 1)
        for _ in range(8):
            x = x - (x + x.exp() - a) / (1 + x.exp())
    return x - (x + x.exp() - a) / (1 + x.exp())


def _jeffreys_conjugate(t: Tensor) -> Tensor:
    x = log_lambert(1 - t)
    return x.exp() + (-x).exp() + t - 2


F_LOSSES = {
    "tv": FLoss(lambda v: v.tanh() / 2, lambda t: t, lambda v: (1 - v.tanh().square()) / 2),
    "kl": FLoss(lambda v: v, lambda t: (t - 1).exp(), lambda v: (v - 1).exp()),
    "reverse-kl": FLoss(lambda v: -(-v).exp(), lambda t: -1 - (-t).log(), torch.ones_like),
    "neyman": FLoss(
        lambda v: 1 - (-v).exp(), lambda t: 2 - 2 * (1 - t).sqrt(), lambda v: (-v / 2).exp()
    ),  # ∫ (q - p)² / p, which the post calls Pearson's
    "pearson": FLoss(
        lambda v: v.exp() - 2, lambda t: t.square() / 4 + t, lambda v: (2 * v).exp() / 2
    ),  # ∫ (p - q)² / q, which the post calls Neyman's
    "hellinger": FLoss(lambda v: 1 - (-v).exp(), lambda t: t / (1 - t), torch.exp),
    "jeffreys": FLoss(lambda v: v, _jeffreys_conjugate, lambda v: (-log_lambert(1 - v)).exp()),
    "js": FLoss(
        lambda v: (math.log(2) + F.logsigmoid(v)) / 2,
        lambda t: -(2 - (2 * t).exp()).log() / 2,
        lambda v: v.sigmoid() / 2,
    ),
}
