"""Where critic and generator went: times, φ, θ and the moving average of θ.  T + 1 moments, d coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class DiracTrajectory:
    """The path of a `DiracGAN`.

    Attributes:
        times: (T + 1,), units of time; of discrete steps the step's number times lr.
        critic: φ, (T + 1, d).
        generator: θ, (T + 1, d); the data are at 0.
        average: exponential moving average of θ, (T + 1, d), where one was asked for.
    """

    times: Tensor
    critic: Tensor
    generator: Tensor
    average: Tensor | None = None

    def __len__(self) -> int:
        """Moments, the start included."""
        return len(self.times)

    @property
    def radius(self) -> Tensor:
        """|θ|, the generator's distance from the data, (T + 1,)."""
        return torch.linalg.vector_norm(self.generator, dim=-1)

    @property
    def average_radius(self) -> Tensor:
        """The moving average's distance from the data, (T + 1,).

        Raises:
            ValueError: no average was asked for.
        """
        if self.average is None:
            raise ValueError("this trajectory has no average: pass ema_decay to DiracGAN.trajectory")
        return torch.linalg.vector_norm(self.average, dim=-1)

    @property
    def diverged(self) -> bool:
        """Whether it left the finite numbers."""
        return not bool(self.critic.isfinite().all() and self.generator.isfinite().all())

    def radius_range(self, share: float = 0.1) -> tuple[float, float]:
        """Least and greatest |θ| over the last ``share`` of the time, in (0, 1].

        Example:
            >>> theta = torch.tensor([[3.0, 4.0], [0.0, 2.0], [1.0, 0.0]])
            >>> DiracTrajectory(torch.arange(3.0), theta, theta).radius_range(0.5)
            (1.0, 2.0)
        """
        if not 0 < share <= 1:
            raise ValueError(f"share got {share}: expected a share of the time in (0, 1]")
        last = self.radius[self.times >= (1 - share) * self.times[-1]]
        return last.min().item(), last.max().item()


def moving_average(path: Tensor, decay: float) -> Tensor:
    """a(0) = x(0), a(n) = decay a(n-1) + (1 - decay) x(n); same shape as ``path`` (T + 1, d).

    Args:
        decay: in [0, 1); 0 is the path itself, 0.999 remembers some 1000 moments.

    Example:
        >>> moving_average(torch.tensor([[0.0], [1.0], [1.0]]), 0.5).tolist()
        [[0.0], [0.5], [0.75]]
    """
    if not 0 <= decay < 1:
        raise ValueError(f"ema_decay got {decay}: expected a number in [0, 1), such as 0.999")
    average = torch.empty_like(path)
    average[0] = path[0]
    for n in range(1, len(path)):
        torch.lerp(path[n], average[n - 1], decay, out=average[n])
    return average
