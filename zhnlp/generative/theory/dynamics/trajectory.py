"""Where a system went: times, positions, losses, velocities.  T + 1 moments, N starts, d coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Trajectory:
    """The path of one start, or of N starts side by side.

    Attributes:
        times: (T + 1,), steps of an optimizer or units of time of a flow; times[0] is the start.
        positions: (T + 1, d) or (T + 1, N, d).
        losses: (T + 1,) or (T + 1, N).
        velocities: as positions.  Of an optimizer x(n) - x(n-1), which the post calls p, 0 at the start; of a flow
            dx/dt.
        iterations: () or (N,) int64, of `simulate` with a tolerance: steps until it was met, -1 where it never was.
        diverged: () or (N,) bool, of `simulate`: whether the loss left the finite numbers.
    """

    times: Tensor
    positions: Tensor
    losses: Tensor
    velocities: Tensor
    iterations: Tensor | None = None
    diverged: Tensor | None = None

    def __len__(self) -> int:
        """Moments, the start included."""
        return len(self.times)

    @property
    def final(self) -> Tensor:
        """The last positions, (d,) or (N, d)."""
        return self.positions[-1]

    def start(self, number: int) -> Trajectory:
        """The path of one of N starts."""
        if self.positions.ndim == 2:
            raise IndexError("this trajectory has one start only: use it as it is")
        of = {name: getattr(self, name) for name in ("iterations", "diverged")}
        return Trajectory(
            self.times,
            self.positions[:, number],
            self.losses[:, number],
            self.velocities[:, number],
            **{name: None if values is None else values[number] for name, values in of.items()},
        )


def path_difference(path: Trajectory, reference: Trajectory) -> float:
    """Largest distance of two paths at a step, over the largest distance of the reference from its start; ≥ 0.

    Example:
        >>> line = torch.arange(5.0)[:, None]
        >>> slow, fast = (Trajectory(line, c * line, line, line) for c in (1.0, 1.1))
        >>> round(path_difference(fast, slow), 6)
        0.1

    Raises:
        ValueError: the paths have different lengths, or the reference stands still.
    """
    if path.positions.shape != reference.positions.shape:
        raise ValueError(
            f"paths got shapes {tuple(path.positions.shape)} and {tuple(reference.positions.shape)}: expected the "
            "same. Likely one of them met its tolerance earlier; simulate both without"
        )
    scale = torch.linalg.vector_norm(reference.positions - reference.positions[0], dim=-1).max()
    if scale == 0:
        raise ValueError("the reference path stands still: expected a path that leaves its start")
    return (torch.linalg.vector_norm(path.positions - reference.positions, dim=-1).max() / scale).item()
