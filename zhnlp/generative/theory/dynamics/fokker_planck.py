"""The density of dx = -∇L dt + σ dB in one dimension: on its way, and at its end exp(-2 L/σ²).

The temperature is T = σ²/2 throughout, so the end is the Gibbs density exp(-L/T).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from scipy.integrate import quad
from scipy.linalg import expm
from torch import Tensor

from zhnlp.generative.theory.dynamics.losses import LossFunction, evaluate


def gibbs_density(loss_fn: LossFunction, temperature: float, grid: Any) -> Tensor:
    """exp(-L/T)/Z at the points of a grid (G,); Z is taken over the whole line.

    Raises:
        ValueError: the temperature is not above 0, or Z is infinite, as of a loss that does not rise at both ends.

    Example:
        >>> from zhnlp.generative.theory.dynamics import Quadratic
        >>> gibbs_density(Quadratic([1.0]), 1.0, [0.0]).item() - (2 * math.pi) ** -0.5 < 1e-9
        True
    """
    grid = torch.as_tensor(grid, dtype=torch.float64)
    weight = _weight(loss_fn, temperature, grid)
    total = _mass(weight, -math.inf, grid.min().item(), grid.max().item(), math.inf).sum()
    return torch.tensor([weight(x) for x in grid.tolist()], dtype=torch.float64) / total


def total_variation(
    samples: Tensor, loss_fn: LossFunction, temperature: float, *, bins: int = 50, limits: tuple[float, float]
) -> float:
    """Half the summed |histogram - Gibbs mass| over the bins and the two tails; in [0, 1], 0 for equal densities.

    Args:
        samples: (S,) or (S, 1).
        bins: of equal width between the ``limits``; what lies outside counts in two bins more.

    Raises:
        ValueError: samples of more than one dimension, or limits out of order.

    Example:
        >>> from zhnlp.generative.theory.dynamics import Quadratic
        >>> half = torch.full((100,), 0.5)  # all on the right: half of the mass is elsewhere
        >>> round(total_variation(half, Quadratic([1.0]), 1.0, bins=2, limits=(-9, 9)), 6)
        0.5
    """
    if samples.ndim == 2 and samples.shape[1] == 1:
        samples = samples[:, 0]
    if samples.ndim != 1 or not len(samples):
        raise ValueError(
            f"samples got shape {tuple(samples.shape)}: expected (S,) or (S, 1), one coordinate of each"
        )
    if not limits[0] < limits[1] or bins < 1:
        raise ValueError(f"got limits {limits} and {bins} bins: expected rising limits and 1 bin or more")
    edges = np.linspace(*limits, bins + 1)
    weight = _weight(loss_fn, temperature, torch.from_numpy(edges))
    mass = _mass(weight, -math.inf, *edges, math.inf)
    counts = np.bincount(np.searchsorted(edges, samples.double().numpy()), minlength=bins + 2)
    return float(np.abs(counts / counts.sum() - mass / mass.sum()).sum() / 2)


def fokker_planck(
    loss_fn: LossFunction, temperature: float, grid: Any, density: Any, times: Sequence[float]
) -> Tensor:
    """Densities on an even grid (G,) at rising times, (len(times), G), from ``density`` (G,) at time 0.

    ∂ρ/∂t = ∂(ρ ∂L/∂x)/∂x + T ∂²ρ/∂x², with walls at both ends of the grid.  Finite volumes with the
    Scharfetter-Gummel flux: mass is kept, no density goes below 0, and exp(-L/T) does not move at all.

    Args:
        temperature: T = σ²/2 > 0.
        density: any scale; it is normalised to Σ ρ Δx = 1.

    Raises:
        ValueError: a grid that is not even, a density that does not fit it, times below 0.

    Example:
        >>> from zhnlp.generative.theory.dynamics import DoubleWell
        >>> grid = torch.linspace(-2.5, 2.5, 101, dtype=torch.float64)
        >>> still = gibbs_density(DoubleWell(), 0.5, grid)
        >>> later = fokker_planck(DoubleWell(), 0.5, grid, still, [10.0])[0]
        >>> torch.allclose(later, still, atol=1e-4)
        True

    Source: https://kexue.fm/archives/5655; Scharfetter and Gummel 1969
    """
    grid = torch.as_tensor(grid, dtype=torch.float64)
    width = (grid[1:] - grid[:-1]).mean().item() if grid.ndim == 1 and len(grid) > 2 else 0.0
    if not width > 0 or not torch.allclose(grid.diff(), torch.tensor(width, dtype=torch.float64), rtol=1e-6):
        raise ValueError("grid must be rising, even, and of 3 points or more: make it with torch.linspace")
    density = torch.as_tensor(density, dtype=torch.float64)
    if density.shape != grid.shape or (density < 0).any() or not density.sum() > 0:
        raise ValueError(
            f"density got shape {tuple(density.shape)}: expected {tuple(grid.shape)}, none below 0"
        )
    if not temperature > 0 or any(time < 0 for time in times):
        raise ValueError(
            f"got temperature {temperature} and times {list(times)}: expected T > 0 and times ≥ 0"
        )
    with torch.no_grad():
        rise = evaluate(loss_fn, grid[:, None]).diff().numpy() / temperature
    there, back = (
        temperature / width**2 * _bernoulli(z) for z in (rise, -rise)
    )  # rates of jumps right and left
    stay = -np.append(there, 0) - np.insert(back, 0, 0)
    generator = np.diag(there, -1) + np.diag(stay) + np.diag(back, 1)
    start = (density / density.sum() / width).numpy()
    return torch.from_numpy(np.stack([expm(generator * time) @ start for time in times]))


def _bernoulli(z: np.ndarray) -> np.ndarray:
    """z / (e^z - 1), 1 at 0."""
    small = np.abs(z) < 1e-9
    safe = np.where(small, 1.0, np.clip(z, -700, 700))
    return np.where(small, 1 - z / 2, safe / np.expm1(safe))


def _weight(loss_fn: LossFunction, temperature: float, near: Tensor):
    """x → exp(-(L(x) - least L near)/T), so that it neither vanishes nor overflows."""
    if not temperature > 0:
        raise ValueError(f"temperature got {temperature}: expected a number above 0")

    @torch.no_grad()
    def loss(x: Tensor) -> Tensor:
        return evaluate(loss_fn, x[:, None])

    least = loss(near).min().item()

    def weight(x: float) -> float:
        exponent = (least - loss(torch.tensor([x], dtype=torch.float64)).item()) / temperature
        if exponent > 700:
            raise ValueError(
                f"the loss at {x:g} is far below the loss on the grid: expected the minima within it. Widen the grid"
            )
        return math.exp(exponent)

    return weight


def _mass(weight, *edges: float) -> np.ndarray:
    """The integral of the weight between neighbouring edges, infinite ones included."""
    found = [quad(weight, *pair, limit=200, full_output=1) for pair in pairwise(edges)]
    parts = np.array([result[0] for result in found])
    doubtful = [abs(result[0]) + result[1] for result in found if len(result) > 3]  # scipy adds a complaint
    if (parts < 0).any() or not parts.sum() > 0 or sum(doubtful) > 1e-3 * parts.sum():
        raise ValueError(
            "exp(-L/T) has no finite integral: expected a loss that rises without limit at both ends"
        )
    return parts
