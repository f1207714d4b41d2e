"""Langevin sampling of e^{−U}/Z: downhill on U, and noise.

    x ← x − (ε/2) ∇U(x) + √ε α,   α ~ N(0, 1)

Source: https://kexue.fm/archives/6612
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Energy = Callable[[Tensor], Tensor]
"""Points (B, *shape) → energies (B,), in nats."""


@dataclass(frozen=True)
class Langevin:
    """Steps of many chains at once; noise comes from torch's global generator.

    Attributes:
        steps: of one call, 1 or more.
        step_size: ε > 0.
        noise_scale: "matched" is √ε, for which the chains tend to e^{−U} as ε → 0; a number is the noise itself, and far below √ε (as in
            IGEBM) it samples at a temperature far below 1.
        clip: greatest |∂U/∂x| of one number that is believed; None for any.
        low, high: box that chains are cut back to after each step; None for none.

    Raises:
        ValueError: a number out of its range.

    Example:
        >>> torch.manual_seed(0)
        <torch._C.Generator object at 0x...>
        >>> normal = Langevin(steps=500, step_size=0.05)(lambda x: 0.5 * x.square().sum(1), torch.zeros(2000, 1))
        >>> abs(normal.var().item() - 1) < 0.1
        True
    """

    steps: int = 20
    step_size: float = 0.01
    noise_scale: str | float = "matched"
    clip: float | None = None
    low: float | None = None
    high: float | None = None

    def __post_init__(self):
        if self.steps < 1 or not 0 < self.step_size < math.inf:
            raise ValueError(
                f"got steps={self.steps}, step_size={self.step_size}: expected 1 step or more, of a size above 0"
            )
        if self.noise_scale != "matched" and not (
            isinstance(self.noise_scale, (int, float)) and 0 <= self.noise_scale < math.inf
        ):
            raise ValueError(
                f'noise_scale got {self.noise_scale!r}: expected "matched" or a number of 0 or more'
            )
        if self.clip is not None and not self.clip > 0:
            raise ValueError(f"clip got {self.clip}: expected a number above 0, or None")

    @property
    def noise(self) -> float:
        """Standard deviation of the noise of a step."""
        return math.sqrt(self.step_size) if self.noise_scale == "matched" else float(self.noise_scale)

    @property
    def temperature(self) -> float:
        """T of the density e^{−U/T} that chains tend to: noise² / ε."""
        return self.noise**2 / self.step_size

    def step(self, energy: Energy, x: Tensor) -> Tensor:
        """One step of chains (B, *shape)."""
        with torch.enable_grad():
            point = x.detach().requires_grad_()
            slope = torch.autograd.grad(energy(point).sum(), point)[0]
        if self.clip is not None:
            slope = slope.clamp(-self.clip, self.clip)
        x = x.detach() - self.step_size / 2 * slope + self.noise * torch.randn_like(x)
        return x if self.low is None and self.high is None else x.clamp(self.low, self.high)

    def __call__(
        self,
        energy: Energy,
        x: Tensor,
        *,
        steps: int | None = None,
        known: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """Where chains (B, *shape) are after ``steps`` (or the sampler's own), without gradient.

        Args:
            known: a mask and values, each (B, *shape), of numbers that do not move.

        Raises:
            FloatingPointError: a chain left the finite numbers.
        """
        return self.path(energy, x, steps=steps, every=None, known=known)[-1]

    def path(
        self,
        energy: Energy,
        x: Tensor,
        *,
        steps: int | None = None,
        every: int | None = 1,
        known: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """The start and every ``every``-th place on the way, (K, B, *shape); with None only start and end."""
        kept = [x.detach()]
        count = self.steps if steps is None else steps
        for number in range(1, count + 1):
            x = self.step(energy, x)
            if known is not None:
                x = torch.where(known[0], known[1], x)
            if number == count or (every is not None and number % every == 0):
                kept.append(x)
        if not kept[-1].isfinite().all():
            raise FloatingPointError(
                f"a chain left the finite numbers at step_size={self.step_size}: expected chains that stay. Likely U is too steep "
                f"for the step; try clip=1.0 or step_size={self.step_size / 4:g}"
            )
        return torch.stack(kept)
