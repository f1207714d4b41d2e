"""The second moment of a layer's input, which bounds how fast the layer's gradient can change.  N rows, D features.

For one layer g(⟨x, w⟩ + b) the gradient in w is E[λ x], and |E[λ x]| ≤ sqrt(E[λ²]) sqrt(|E[x ⊗ x]|₁), |·|₁ being the sum of
absolute entries.  Taking the mean off x costs no capacity (b absorbs it) and lowers the second factor.

Source: https://kexue.fm/archives/6992
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class SecondMoment:
    """Two sizes of E[x ⊗ x].

    Attributes:
        eigenvalue: the greatest one, ≥ 0.
        absolute_sum: |E[x ⊗ x]|₁, the sum of absolute entries; never below the eigenvalue.
    """

    eigenvalue: float
    absolute_sum: float


@dataclass(frozen=True)
class MomentReport:
    """E[x ⊗ x] as it is, with the mean taken off, and divided by the standard deviation too.

    Attributes:
        raw, centred, standardised: the three; of the last, features that do not vary are 0.
    """

    raw: SecondMoment
    centred: SecondMoment
    standardised: SecondMoment

    @property
    def gain(self) -> float:
        """Greatest raw over greatest centred eigenvalue: by how much centring lowers the bound, ≥ 1."""
        return self.raw.eigenvalue / self.centred.eigenvalue if self.centred.eigenvalue else float("inf")


def second_moment(x: Tensor) -> SecondMoment:
    """Of rows (N, D).

    Example:
        >>> second_moment(torch.tensor([[3.0, 0.0], [3.0, 0.0]]))
        SecondMoment(eigenvalue=9.0, absolute_sum=9.0)
    """
    if x.ndim != 2 or not len(x):
        raise ValueError(
            f"x got shape {tuple(x.shape)}: expected (N, D), N rows of D features. Next: x.flatten(1), or x.flatten(0, -2)"
        )
    x = x.detach().double()
    moment = x.mT @ x / len(x)
    greatest = torch.linalg.eigvalsh(moment)[-1]
    return SecondMoment(greatest.clamp(min=0).item(), moment.abs().sum().item())


def centred(x: Tensor) -> Tensor:
    """Rows (N, D) less their mean.

    Example:
        >>> centred(torch.tensor([[1.0], [3.0]])).tolist()
        [[-1.0], [1.0]]
    """
    return x - x.mean(0)


def standardised(x: Tensor) -> Tensor:
    """Rows (N, D) less their mean, over their standard deviation (of the population); a feature that does not vary gives 0.

    Example:
        >>> standardised(torch.tensor([[1.0, 5.0], [5.0, 5.0]])).tolist()
        [[-1.0, 0.0], [1.0, 0.0]]
    """
    x = centred(x)
    deviation = x.square().mean(0).sqrt()
    return x / torch.where(deviation > 0, deviation, 1)


def moment_report(x: Tensor) -> MomentReport:
    """`second_moment` of rows (N, D) raw, centred and standardised.

    Example:
        >>> report = moment_report(torch.tensor([[9.0], [11.0]]))
        >>> report.raw.eigenvalue, report.centred.eigenvalue, report.gain
        (101.0, 1.0, 101.0)
    """
    x = x.detach().double()
    return MomentReport(second_moment(x), second_moment(centred(x)), second_moment(standardised(x)))
