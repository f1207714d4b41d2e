"""Z of an energy in the plane, by the sum over a grid."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import torch
from torch import Tensor

from zhnlp.generative.energy.langevin import Energy


@dataclass(frozen=True, eq=False)
class LogProbGrid:
    """A log-density on a square.

    Attributes:
        axis: (R,) centres of the cells, the same for both coordinates.
        log_prob: (R, R) nats, ``[i, j]`` at (axis[i], axis[j]).
        log_normaliser: ln Z of the square.
        border: share of the mass in the outermost cells; much of it means that the square is too small.
    """

    axis: Tensor
    log_prob: Tensor
    log_normaliser: float
    border: float

    @property
    def points(self) -> Tensor:
        """(R², 2), the first coordinate slower."""
        return torch.cartesian_prod(self.axis, self.axis)


@torch.no_grad()
def log_prob_grid(
    energy: Energy,
    low: float,
    high: float,
    *,
    resolution: int = 200,
    device: torch.device | str = "cpu",
    batch_size: int = 10_000,
) -> LogProbGrid:
    """−U − ln Z at the centres of resolution² cells of the square [low, high]², Z the sum over them.

    Warns where more than 1 % of the mass lies in the outermost cells.

    Raises:
        ValueError: no square, or fewer than 2 cells a side.

    Example:
        >>> grid = log_prob_grid(lambda x: 0.5 * x.square().sum(1), -6, 6)
        >>> abs(grid.log_normaliser - math.log(2 * math.pi)) < 1e-6
        True
    """
    if not low < high or resolution < 2:
        raise ValueError(
            f"got low={low}, high={high}, resolution={resolution}: expected low < high and 2 cells or more"
        )
    width = (high - low) / resolution
    axis = low + width * (torch.arange(resolution, device=device) + 0.5)
    points = torch.cartesian_prod(axis, axis)
    logits = torch.cat([-energy(part) for part in points.split(batch_size)]).double()
    log_normaliser = (logits.logsumexp(0) + 2 * math.log(width)).item()
    log_prob = (logits - log_normaliser).view(resolution, resolution)
    border = 1 - log_prob[1:-1, 1:-1].exp().sum().item() * width**2
    if border > 0.01:
        warnings.warn(
            f"{border:.1%} of the mass lies at the border of [{low:g}, {high:g}]²: Z is too small. Next: a larger square",
            stacklevel=2,
        )
    return LogProbGrid(axis, log_prob, log_normaliser, border)
