"""What the temperature trades: bias falls and variance rises as tau → 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from zhnlp.generative.theory.estimators.categorical import grad_estimate
from zhnlp.generative.theory.estimators.estimate import Function


@dataclass(frozen=True, eq=False)
class TemperatureCurve:
    """Bias and variance of a Gumbel estimator at M temperatures.

    Attributes:
        taus: (M,), as given.
        bias: norm of it, (M,).
        variance: of one draw, summed over logits, (M,).
    """

    taus: Tensor
    bias: Tensor
    variance: Tensor

    def error(self, draws: int) -> Tensor:
        """Mean squared error of a mean of that many draws, (M,): bias² + variance / draws."""
        return self.bias.square() + self.variance / draws

    def best(self, draws: int) -> float:
        """The temperature of least `error`.

        Example:
            >>> curve = TemperatureCurve(*torch.tensor([[1.0, 0.1], [0.5, 0.1], [1.0, 9.0]]))
            >>> round(curve.best(1), 3), round(curve.best(1000), 3)
            (1.0, 0.1)
        """
        return self.taus[self.error(draws).argmin()].item()


def temperature_curve(
    logits: Any,
    f: Function,
    taus: Sequence[float],
    *,
    method: str = "gumbel",
    n: int = 10_000,
    seed: int = 0,
    progress: bool = False,
) -> TemperatureCurve:
    """Bias and variance at each temperature, all with the same Gumbel noise.

    Args:
        logits, f, n, seed: as of `grad_estimate`.
        taus: temperatures > 0.
        method: ``gumbel`` or ``st_gumbel``.
        progress: a bar on stderr.

    Raises:
        ValueError: another method; no temperature, or one that is not above 0.

    Example:
        >>> curve = temperature_curve(torch.zeros(3), lambda y: 2 * y[:, 0] ** 2, [2.0, 0.5, 0.1])
        >>> bool((curve.bias.diff() < 0).all() and (curve.variance.diff() > 0).all())
        True
    """
    if method not in ("gumbel", "st_gumbel"):
        raise ValueError(f"method got {method!r}: expected gumbel or st_gumbel, which have a temperature")
    if not len(taus):
        raise ValueError("taus got none: expected temperatures above 0, such as [1.0, 0.5, 0.1]")
    estimates = [
        grad_estimate(logits, f, method, n, tau, seed=seed)
        for tau in tqdm(taus, desc="temperatures", disable=not progress)
    ]
    return TemperatureCurve(
        torch.as_tensor(taus, dtype=torch.float64),
        torch.tensor([each.bias_norm for each in estimates], dtype=torch.float64),
        torch.tensor([each.total_variance for each in estimates], dtype=torch.float64),
    )
