"""The f-divergences of post 6016, one row each: f, its slope, its conjugate and an activation onto the range of the slope.

D_f(P‖Q) = ∫ q f(p/q) = max_T E_p[T] − E_q[g(T)], g the conjugate.  u = p/q > 0; t = T; v what a critic puts out.

Every activation RISES with v, so that real is high everywhere.  The post's −eᵛ and 1 − eᵛ fall; here they are −e⁻ᵛ and
1 − e⁻ᵛ, the same functions of −v.  `composed` is g(activation(v)), written so that it neither overflows early nor
divides by zero.

Source: https://kexue.fm/archives/6016; Nowozin et al. 2016, arXiv 1606.00709
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from zhnlp.generative.gan.divergences.lambert import log_wright_omega

LOG2 = math.log(2)
Function = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Row:
    """One f-divergence.

    Attributes:
        f: convex, f(1) = 0, of u > 0.
        slope: f'(u), the best T where p/q = u.
        conjugate: g(t) = max over u > 0 of t u − f(u), for t in ``range``.
        activation: raw outputs → ``range``, rising.
        composed: conjugate of activation.
        range: of the slope, as (low, high); open, but for the total variation.
    """

    f: Function
    slope: Function
    conjugate: Function
    activation: Function
    composed: Function
    range: tuple[float, float]


def _jeffreys_conjugate(t: Tensor) -> Tensor:
    w = log_wright_omega(1 - t)
    return w.exp() + (-w).exp() + t - 2


ROWS: dict[str, Row] = {
    "total-variation": Row(
        f=lambda u: (u - 1).abs() / 2,
        slope=lambda u: (u - 1).sign() / 2,
        conjugate=lambda t: t,
        activation=lambda v: v.tanh() / 2,
        composed=lambda v: v.tanh() / 2,
        range=(-0.5, 0.5),
    ),
    "kl": Row(
        f=lambda u: torch.xlogy(u, u),
        slope=lambda u: u.log() + 1,
        conjugate=lambda t: (t - 1).exp(),
        activation=lambda v: v,
        composed=lambda v: (v - 1).exp(),
        range=(-math.inf, math.inf),
    ),
    "reverse-kl": Row(
        f=lambda u: -u.log(),
        slope=lambda u: -1 / u,
        conjugate=lambda t: -1 - (-t).log(),
        activation=lambda v: -(-v).exp(),
        composed=lambda v: v - 1,
        range=(-math.inf, 0.0),
    ),
    "neyman": Row(
        f=lambda u: (1 - u) ** 2 / u,
        slope=lambda u: 1 - u**-2,
        conjugate=lambda t: 2 - 2 * (1 - t).sqrt(),
        activation=lambda v: -(-v).expm1(),
        composed=lambda v: -2 * (-v / 2).expm1(),
        range=(-math.inf, 1.0),
    ),
    "pearson": Row(
        f=lambda u: (u - 1) ** 2,
        slope=lambda u: 2 * (u - 1),
        conjugate=lambda t: t**2 / 4 + t,
        activation=lambda v: v.exp() - 2,
        composed=lambda v: (2 * v).exp() / 4 - 1,
        range=(-2.0, math.inf),
    ),
    "hellinger": Row(
        f=lambda u: (u.sqrt() - 1) ** 2,
        slope=lambda u: 1 - u**-0.5,
        conjugate=lambda t: t / (1 - t),
        activation=lambda v: -(-v).expm1(),
        composed=lambda v: v.expm1(),
        range=(-math.inf, 1.0),
    ),
    "jeffreys": Row(
        f=lambda u: (u - 1) * u.log(),
        slope=lambda u: u.log() + 1 - 1 / u,
        conjugate=_jeffreys_conjugate,
        activation=lambda v: v,
        composed=_jeffreys_conjugate,
        range=(-math.inf, math.inf),
    ),
    "js": Row(
        f=lambda u: torch.xlogy(u, u) / 2 - (u + 1) / 2 * ((1 + u) / 2).log(),
        slope=lambda u: LOG2 / 2 - torch.log1p(1 / u) / 2,
        conjugate=lambda t: -(2 - (2 * t).exp()).log() / 2,
        activation=lambda v: LOG2 / 2 - F.softplus(-v) / 2,
        composed=lambda v: F.softplus(v) / 2 - LOG2 / 2,
        range=(-math.inf, LOG2 / 2),
    ),
}

ALIASES = {
    "tv": "total-variation",
    "rkl": "reverse-kl",
    "jensen-shannon": "js",
    "squared-hellinger": "hellinger",
    "chi2": "pearson",
}


def alpha_row(alpha: float) -> Row:
    """f(u) = (uᵅ − 1 − α (u − 1)) / (α (α − 1)), α neither 0 nor 1, between and beyond KL (α → 1) and reverse KL (α → 0).

    With v = log u the best T is (e^{(α − 1) v} − 1) / (α − 1), which serves as the activation.

    Raises:
        ValueError: α is 0 or 1, the two limits, or no number.

    Example:
        >>> u = torch.tensor(3.0)
        >>> alpha_row(2.0).f(u).item(), (ROWS["pearson"].f(u) / 2).item()  # ½ (u − 1)²
        (2.0, 2.0)
    """
    if not math.isfinite(alpha) or alpha in (0, 1):
        limit = {0: ": take 'reverse-kl'", 1: ": take 'kl'"}.get(alpha, "")
        raise ValueError(f"alpha got {alpha}: expected a number that is neither 0 nor 1{limit}")
    rest = alpha - 1
    return Row(
        f=lambda u: (u**alpha - 1 - alpha * (u - 1)) / (alpha * rest),
        slope=lambda u: (u**rest - 1) / rest,
        conjugate=lambda t: ((1 + rest * t) ** (alpha / rest) - 1) / alpha,
        activation=lambda v: (rest * v).expm1() / rest,
        composed=lambda v: (alpha * v).expm1() / alpha,
        range=(-1 / rest, math.inf) if rest > 0 else (-math.inf, -1 / rest),
    )
