"""Descent in a noise of constant temperature: SGLD (overdamped) and the Kramers equation (with momentum)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from zhnlp.generative.theory.dynamics.losses import LossFunction, as_points, gradient


@dataclass(frozen=True, eq=False)
class LangevinSamples:
    """What many chains visited: K kept moments, N chains, d coordinates.

    Attributes:
        positions: (K, N, d).
        momenta: (K, N, d), or None of overdamped chains.
        temperature: T, in units of the loss; the post's σ² is 2T (with momentum 2λT).
    """

    positions: Tensor
    momenta: Tensor | None
    temperature: float

    @property
    def points(self) -> Tensor:
        """All positions in one row, (K N, d)."""
        return self.positions.flatten(0, 1)


def langevin(
    loss_fn: LossFunction,
    temperature: float,
    x0: Any = None,
    *,
    step: float = 0.01,
    steps: int = 1000,
    burn_in: int = 500,
    thin: int = 10,
    chains: int = 1000,
    friction: float | None = None,
    seed: int = 0,
    progress: bool = False,
) -> LangevinSamples:
    """Samples whose density tends to exp(-L/T), as the step goes to 0.

    Without friction it is SGLD, an Euler step of dx = -∇L dt + σ dB with σ² = 2T; with friction λ the Kramers equation
    dx = p dt, dp = -∇L dt - λ p dt + √(2λT) dB, split into kick, drift and noise (BAOAB).

    Args:
        loss_fn: points (..., d) → losses (...); of a `MiniBatchLoss`, SGLD takes its batch gradients.
        temperature: T > 0, in units of the loss.
        x0: where chains start, (d,) for all of them or (N, d); normal numbers unless given.
        step: h > 0, units of time; the density is wrong by a multiple of h (with momentum h²).
        steps, burn_in: steps after the first ``burn_in`` ones, which are thrown away.
        thin: of ``steps``, every how many-th is kept.
        chains: N, unless x0 says; the default keeps 100,000 samples.
        friction: λ > 0, per unit of time, or None for overdamped.
        seed: of start and noise.
        progress: a bar on stderr.

    Raises:
        ValueError: a number out of range; a loss that does not say its dimension, without x0.
        FloatingPointError: a chain left the finite numbers, as it does when the step is too long.

    Example:
        >>> from zhnlp.generative.theory.dynamics import Quadratic
        >>> samples = langevin(Quadratic([4.0]), temperature=1.0)
        >>> abs(samples.points.var().item() - 1 / 4) < 0.02
        True

    Source: https://kexue.fm/archives/5655; BAOAB: Leimkuhler and Matthews 2013
    """
    for name, number in {"temperature": temperature, "step": step, "friction": friction}.items():
        if number is not None and not (number > 0 and math.isfinite(number)):
            raise ValueError(f"{name} got {number}: expected a number above 0")
    if thin < 1 or steps < thin or burn_in < 0 or chains < 1:
        raise ValueError(
            f"got steps={steps}, burn_in={burn_in}, thin={thin}, chains={chains}: expected steps ≥ thin ≥ 1, "
            "burn_in ≥ 0 and chains ≥ 1, or nothing is kept"
        )
    random = torch.Generator().manual_seed(seed)
    x = _starts(loss_fn, x0, chains, random)
    p = None
    if friction is not None:
        p = math.sqrt(temperature) * torch.randn(x.shape, generator=random, dtype=x.dtype)
        slope = gradient(loss_fn, x)
    positions, momenta = [], []
    for number in tqdm(range(burn_in + steps), desc="langevin", unit="step", disable=not progress):
        noise = torch.randn(x.shape, generator=random, dtype=x.dtype)
        if p is None:
            x = x - step * gradient(loss_fn, x) + math.sqrt(2 * temperature * step) * noise
        else:
            x, p, slope = _baoab(loss_fn, x, p, slope, noise, step, friction, temperature)
        if number >= burn_in and (number - burn_in + 1) % thin == 0:
            positions.append(x)
            momenta.append(p)
    kept = torch.stack(positions)
    if not kept.isfinite().all():
        lost = int((~kept.isfinite().all(-1).all(0)).sum())
        raise FloatingPointError(
            f"{lost} of {kept.shape[1]} chains left the finite numbers at step={step}: expected chains that stay. "
            f"Likely the step is above 2 / curvature where a chain came by; try step={step / 4:g}"
        )
    return LangevinSamples(kept, None if p is None else torch.stack(momenta), temperature)


def _baoab(loss_fn, x, p, slope, noise, step, friction, temperature):
    """Half a kick, half a drift, the exact noise of the friction, half a drift, half a kick."""
    p = p - step / 2 * slope
    x = x + step / 2 * p
    kept = math.exp(-friction * step)
    p = kept * p + math.sqrt(temperature * (1 - kept**2)) * noise
    x = x + step / 2 * p
    slope = gradient(loss_fn, x)
    return x, p - step / 2 * slope, slope


def _starts(loss_fn: LossFunction, x0: Any, chains: int, random: torch.Generator) -> Tensor:
    if x0 is None:
        dimension = getattr(loss_fn, "dimension", None)
        if dimension is None:
            raise ValueError(
                "this loss_fn does not say its dimension: pass x0, (d,) or (N, d), to start from"
            )
        return torch.randn(chains, dimension, generator=random, dtype=torch.float64)
    start = as_points(x0)
    return start.expand(chains, -1).clone() if start.ndim == 1 else start
