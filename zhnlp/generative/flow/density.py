"""Models that say how likely an example is: real data by a density, data of a few levels by a bound on its probability."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from zhnlp.generative.flow.interpolation import line_weights, mix, square_weights
from zhnlp.generative.flow.levels import bits_per_dimension, dequantise, quantise
from zhnlp.generative.model import GenerativeModel


class DensityModel(GenerativeModel):
    """Base of flows and f-VAEs: a subclass gives `log_density`, `encode_real`, `decode_real` and ``noise_size``.

    Args:
        shape: of one example.
        levels: values that a pixel takes, scaled to [0, 1]: 17 for digits / 16, 256 for bytes / 255.  They are spread with uniform
            noise over [0, 1), where the density is learned, and samples are cut back to them.  None for real numbers.

    Attributes:
        dimensions: D, numbers in an example.
        noise_size: d, numbers in the normal noise that an example is made of.
    """

    noise_size: int

    def __init__(self, shape: Sequence[int], levels: int | None = None):
        super().__init__(shape)
        if levels is not None and (isinstance(levels, bool) or not isinstance(levels, int) or levels < 2):
            raise ValueError(
                f"levels got {levels!r}: expected a whole number of 2 or more, or None for real numbers"
            )
        self.levels = levels
        self.dimensions = math.prod(self.shape)

    # --- what a subclass gives -------------------------------------------------------------------------------------

    def log_density(self, real: Tensor) -> Tensor:
        """(B,) nats of real numbers (B, *shape): the log-density, or one draw of a lower bound of it."""
        raise NotImplementedError

    def encode_real(self, real: Tensor) -> Tensor:
        """Noise (B, d) of real examples (B, *shape)."""
        raise NotImplementedError

    def decode_real(self, noise: Tensor) -> Tensor:
        """Real examples (B, *shape) of noise (B, d)."""
        raise NotImplementedError

    @property
    def value_range(self) -> tuple[float, float]:
        """[0, 1] with levels, else any real numbers."""
        return super().value_range if self.levels is None else (0.0, 1.0)

    # --- what all have ---------------------------------------------------------------------------------------------

    def real(self, x: Tensor, *, noise: Tensor | None = None) -> Tensor:
        """Data as the density sees them: dequantised where there are levels."""
        return x if self.levels is None else dequantise(x, self.levels, noise=noise)

    def loss(self, x: Tensor, y: Tensor | None = None) -> dict[str, Tensor]:
        """``loss``: −log-probability in nats per example, and ``bits_per_dim``."""
        log_prob = (self.log_density(self.real(x)) - self._cells).mean()
        return {"loss": -log_prob, "bits_per_dim": bits_per_dimension(log_prob, self.dimensions)}

    @property
    def _cells(self) -> float:
        """From the density at a dequantised point to the probability of its cell: D ln levels."""
        return 0.0 if self.levels is None else self.dimensions * math.log(self.levels)

    def bound(
        self,
        x: Tensor,
        y: Tensor | None = None,
        *,
        samples: int = 1,
        seed: int | None = 0,
        batch_size: int = 1000,
    ) -> Tensor:
        """(B,) nats: of data with levels a lower bound of the log-probability, of real data of the log-density.

        The mean of the bound rises with ``samples``, importance-weighted draws for each row (Burda et al. 2016).  Of a flow and real
        data one is exact.
        """
        if samples < 1:
            raise ValueError(f"samples got {samples}: expected 1 or more draws for each row")
        with self.drawing(seed):
            rows = [self._bound(part, samples) for part in x.to(self.device).split(batch_size)]
        return torch.cat(rows)

    def _bound(self, x: Tensor, samples: int) -> Tensor:
        draws = torch.stack([self.log_density(self.real(x)) for _ in range(samples)])
        return draws.logsumexp(0) - math.log(samples) - self._cells

    def bits_per_dim(self, x: Tensor, *, samples: int = 1, seed: int | None = 0) -> Tensor:
        """(B,) bits for each of the D numbers, from `bound`; uniform noise over 2^b levels has b."""
        return bits_per_dimension(self.bound(x, samples=samples, seed=seed), self.dimensions)

    def encode(self, x: Tensor) -> Tensor:
        """Noise (B, d) of examples; values with levels are taken at the middle of their cells."""
        with self.drawing(None):
            return self.encode_real(
                self.real(x, noise=None if self.levels is None else torch.full_like(x, 0.5))
            )

    def decode(self, noise: Tensor) -> Tensor:
        """Examples (B, *shape) of noise (B, d); on the grid of levels, where there are any."""
        with self.drawing(None):
            real = self.decode_real(noise)
        return real if self.levels is None else quantise(real, self.levels)

    def sample(self, n: int, *, seed: int | None = None, temperature: float = 1.0) -> Tensor:
        """``n`` examples (n, *shape) from noise N(0, temperature²); below 1 they are likelier and more alike.

        Raises:
            ValueError: a negative temperature.
        """
        if not temperature >= 0:
            raise ValueError(
                f"temperature got {temperature}: expected 0 (the same example n times) or more; 1 is the model's own"
            )
        with self.drawing(seed):
            return self.decode(temperature * torch.randn(n, self.noise_size, device=self.device))

    def interpolate(self, first: Tensor, last: Tensor, steps: int = 8) -> Tensor:
        """Examples (N, steps, *shape) on the ways between two examples (N, *shape) each, both ends included.

        Raises:
            ValueError: fewer than 2 steps.
        """
        if steps < 2:
            raise ValueError(f"steps got {steps}: expected 2 or more, since both ends are among them")
        with self.drawing(None):
            ends = torch.stack([self.encode(each.to(self.device)) for each in (first, last)], 1)  # (N, 2, d)
            noise = torch.cat([mix(pair, line_weights(steps).to(self.device)) for pair in ends])
            return self.decode(noise).unflatten(0, (len(ends), steps))

    def square(self, corners: Tensor, steps: int = 8) -> Tensor:
        """Examples (steps², *shape) of a square, row by row.

        Args:
            corners: (4, *shape), top left, top right, bottom left and bottom right.
            steps: along a side, both corners included.

        Raises:
            ValueError: another number of corners, fewer than 2 steps.
        """
        if len(corners) != 4 or steps < 2:
            raise ValueError(
                f"got {len(corners)} corners and steps={steps}: expected 4 examples, and 2 or more steps"
            )
        with self.drawing(None):
            noise = self.encode(corners.to(self.device))
            return self.decode(mix(noise, square_weights(steps).to(self.device)))
