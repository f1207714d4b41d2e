"""An f-divergence by its name: f and its conjugate, losses of the GAN that it makes, its value from samples or densities."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from zhnlp.generative.gan.divergences.rows import ALIASES, ROWS, alpha_row

if TYPE_CHECKING:
    from zhnlp.generative.gan.divergences.estimate import Estimate


class FDivergence:
    """D_f(P‖Q) = ∫ q f(p/q) = max_T E_p[T] − E_q[g(T)], P the data (real) and Q the generator.

    A critic puts out raw numbers v; T = activation(v) lies in the range of f' and rises with v, so real is high.

    Args:
        name: total-variation, kl, reverse-kl, neyman, pearson, hellinger (squared), jeffreys, js (weights ½), or
            "alpha:0.5" with any other number.  The two χ² have their usual names: pearson is ∫ (p − q)²/q, neyman is
            ∫ (q − p)²/p; the post has the formulas right and the names exchanged.

    Attributes:
        name: as above, short names written out.
        range: (low, high) of T.

    Raises:
        ValueError: no divergence has this name, or a number is outside the range of T.

    Example:
        >>> kl = FDivergence("kl")
        >>> kl.f(torch.tensor(1.0)).item(), kl.conjugate(torch.tensor(1.0)).item(), kl.range
        (0.0, 1.0, (-inf, inf))
        >>> normal = torch.distributions.Normal
        >>> p, q = normal(0.0, 1.0), normal(0.7, 1.2)
        >>> round(kl.exact(p.log_prob, q.log_prob), 4)
        0.1997

    Source: https://kexue.fm/archives/6016; Nowozin et al. 2016, arXiv 1606.00709
    """

    def __init__(self, name: str):
        self.name = ALIASES.get(name.lower(), name.lower())
        if self.name.startswith("alpha:"):
            self._row = alpha_row(_number(self.name))
        elif self.name in ROWS:
            self._row = ROWS[self.name]
        else:
            near = difflib.get_close_matches(self.name, [*ROWS, *ALIASES], n=1, cutoff=0)
            raise ValueError(
                f"no f-divergence is called {name!r}: expected {', '.join(ROWS)} or alpha:NUMBER. Next: try {near[0]!r}"
            )
        self.range = self._row.range

    def __repr__(self) -> str:
        return f"FDivergence({self.name!r})"

    def f(self, u: Tensor) -> Tensor:
        """f of the ratio u = p/q > 0, any shape; 0 at u = 1."""
        return self._row.f(u)

    def slope(self, u: Tensor) -> Tensor:
        """f'(u): what the best T is where p/q = u."""
        return self._row.slope(u)

    def conjugate(self, t: Tensor) -> Tensor:
        """g(t) = max over u > 0 of t u − f(u), for t in `range`; not for training, which takes `composed`."""
        low, high = self.range
        outside = (t < low) | (t > high) if self.name == "total-variation" else (t <= low) | (t >= high)
        if outside.any():
            raise ValueError(
                f"t got {t[outside].flatten()[0].item():g}: expected numbers in ({low:g}, {high:g}), the range of f' of "
                f"{self.name}. Likely it is the raw output of a critic. Next: conjugate(activation(v)), or composed(v)"
            )
        return self._row.conjugate(t)

    def activation(self, v: Tensor) -> Tensor:
        """T of raw outputs v, any shape, rising."""
        return self._row.activation(v)

    def composed(self, v: Tensor) -> Tensor:
        """g(activation(v)) in one stable formula."""
        return self._row.composed(v)

    def lower_bound(self, real: Tensor, fake: Tensor) -> Tensor:
        """mean T(real) − mean g(T(fake)) of raw outputs, 0-d: at most D_f in expectation, D_f for the best critic."""
        return self.activation(real).mean() - self.composed(fake).mean()

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """The negative lower bound, 0-d."""
        return -self.lower_bound(real, fake)

    def generator_loss(self, fake: Tensor, *, saturating: bool = False) -> Tensor:
        """−mean g(T(fake)), the bound itself, or −mean T(fake), which has the same fixed point and stronger slopes."""
        return -(self.composed(fake) if saturating else self.activation(fake)).mean()

    def exact(
        self,
        log_p: Callable[[Tensor], Tensor],
        log_q: Callable[[Tensor], Tensor],
        *,
        limits: tuple[float, float] = (-20.0, 20.0),
        points: int = 200_001,
    ) -> float:
        """∫ q f(p/q) of two densities on the line by the trapezoidal rule in float64, without what lies outside ``limits``.

        Args:
            log_p, log_q: points (n,) → log-densities (n,), finite on ``limits``, e.g. ``Normal(0., 1.).log_prob``.
        """
        x = torch.linspace(*limits, points, dtype=torch.float64)
        p, q = log_p(x), log_q(x)
        u = (p - q).clamp(-690, 690).exp()  # e⁻⁶⁹⁰ … e⁶⁹⁰ is the range of float64
        f = self.f(u)
        # q = p/u, also where q itself is below the smallest float
        density = torch.where(u > 1, p.exp() * (f / u), q.exp() * f)
        return torch.trapezoid(density, x).item()

    def estimate(self, xp: Any, xq: Any, critic: nn.Module | None = None, **options: Any) -> Estimate:
        """`estimate_divergence` of this divergence: its value from samples of P (n, …) and of Q (m, …)."""
        from zhnlp.generative.gan.divergences.estimate import estimate_divergence

        return estimate_divergence(self, xp, xq, critic, **options)


def _number(name: str) -> float:
    try:
        return float(name.removeprefix("alpha:"))
    except ValueError:
        raise ValueError(f"got {name!r}: expected alpha: and a number, such as 'alpha:0.5'") from None
