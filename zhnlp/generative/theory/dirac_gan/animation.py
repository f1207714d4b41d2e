"""Dirac GANs in motion: orbits of θ that run towards the data, or around them, as a GIF."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from zhnlp.generative.theory.axes import line_style, named
from zhnlp.generative.theory.dirac_gan.trajectory import DiracTrajectory


def animate(
    trajectories: DiracTrajectory | Mapping[str, DiracTrajectory],
    path: str | Path,
    *,
    frames: int = 90,
    fps: int = 18,
    trail: float = 0.25,
) -> Path:
    """Write an animation, one panel a trajectory; returns its path.

    In each panel θ is the dot with its trail, φ the arrow (scaled to the panel), the data the red dot.

    Args:
        trajectories: of d ≥ 2, one or label → trajectory; each runs from its start to its end.
        path: a ``.gif``.
        frames: ≥ 2; at ``fps`` a second.
        trail: share of the path's time that is drawn behind θ, in (0, 1].

    Raises:
        ValueError: a path of another type, a θ of one coordinate, a number out of range.
        ImportError: matplotlib is not installed.
    """
    path = Path(path)
    if path.suffix != ".gif":
        raise ValueError(f"path got {path.name!r}: expected a name that ends in .gif")
    if frames < 2 or not fps > 0 or not 0 < trail <= 1:
        raise ValueError(
            f"got frames {frames}, fps {fps}, trail {trail}: expected frames ≥ 2, fps > 0, trail in (0, 1]"
        )
    paths = named(trajectories, DiracTrajectory)
    if any(each.generator.shape[-1] < 2 for each in paths.values()):
        raise ValueError("θ has 1 coordinate: expected 2 or more. Next: DiracGAN(dim=2)")
    try:
        from matplotlib.animation import FuncAnimation, PillowWriter
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            'plots need matplotlib, which is not installed: pip install "zhnlp[plot]"'
        ) from error
    figure = Figure(figsize=(3.6 * len(paths), 3.9), layout="constrained")
    panels = [
        _Panel(ax, label, each, trail, number)
        for number, (ax, (label, each)) in enumerate(
            zip(figure.subplots(1, len(paths), squeeze=False).flat, paths.items())
        )
    ]

    def draw(frame: int) -> list:
        return [artist for panel in panels for artist in panel.move(frame / (frames - 1))]

    draw(0)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # laid out once, not in each frame
    path.parent.mkdir(parents=True, exist_ok=True)
    FuncAnimation(figure, draw, frames=frames).save(path, writer=PillowWriter(fps=fps), dpi=80)
    return path


class _Panel:
    """One trajectory in its axes."""

    def __init__(self, ax, label: str, trajectory: DiracTrajectory, trail: float, number: int):
        self.theta = trajectory.generator[:, :2].numpy()
        self.phi = trajectory.critic[:, :2].numpy()
        self.times, self.trail = trajectory.times.numpy(), max(2, round(trail * len(trajectory)))
        limit = 1.15 * np.abs(self.theta).max()
        self.arrow_scale = 0.9 * limit / max(np.linalg.norm(self.phi, axis=-1).max(), 1e-12)
        colour = line_style(number)["color"]
        ax.plot(0, 0, "o", color="#d62728", markersize=8)
        (self.line,) = ax.plot([], [], color=colour, linewidth=1.4)
        (self.dot,) = ax.plot([], [], "o", color=colour, markersize=7)
        self.arrow = ax.quiver(
            0, 0, 0, 0, angles="xy", scale_units="xy", scale=1, color="0.45", width=0.008, zorder=1
        )
        ax.set(xlim=(-limit, limit), ylim=(-limit, limit), xlabel="$\\theta_1$", ylabel="$\\theta_2$")
        ax.set_aspect("equal")
        self.ax, self.label = ax, label

    def move(self, share: float) -> list:
        """To that share of the path, in [0, 1]."""
        n = round(share * (len(self.theta) - 1))
        first = max(0, n + 1 - self.trail)
        self.line.set_data(*self.theta[first : n + 1].T)
        self.dot.set_data(*self.theta[n : n + 1].T)
        self.arrow.set_UVC(*(self.arrow_scale * self.phi[n]))
        self.ax.set_title(f"{self.label}, t = {self.times[n]:.0f}", fontsize=10)
        return [self.line, self.dot, self.arrow]
