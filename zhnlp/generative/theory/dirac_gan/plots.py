"""Pictures of Dirac GANs: orbits of θ, distance from the data, the field of one coordinate, eigenvalues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from zhnlp.generative.theory.axes import axes_or_new, line_style, named
from zhnlp.generative.theory.dirac_gan.gan import DiracGAN
from zhnlp.generative.theory.dirac_gan.trajectory import DiracTrajectory

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_trajectory(
    trajectories: DiracTrajectory | Mapping[str, DiracTrajectory],
    *,
    average: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Orbits of θ in its plane, from the black dot; the data are the red one.

    Args:
        trajectories: of d ≥ 2, one or label → trajectory; the first two coordinates are drawn.
        average: draw the moving average too.
        ax: where to draw; a new figure unless given.

    Raises:
        ValueError: θ has one coordinate only; no trajectory, or no average.
        ImportError: matplotlib is not installed.
    """
    ax = axes_or_new(ax, size=(5.5, 5.5))
    paths = named(trajectories, DiracTrajectory)
    for number, (label, path) in enumerate(paths.items()):
        if path.generator.shape[-1] < 2:
            raise ValueError("θ has 1 coordinate: expected 2 or more. Next: plot_radius, or DiracGAN(dim=2)")
        ax.plot(*path.generator[:, :2].T, label=label, **(line_style(number) | {"linewidth": 1.1}))
        ax.plot(*path.generator[0, :2], "o", color="black", markersize=5, zorder=5)
        if average:
            _ = path.average_radius  # refuses a path without one
            ax.plot(*path.average[:, :2].T, color="black", linewidth=1.6, label=f"moving average, {label}")
    ax.plot(0, 0, "o", color="#d62728", markersize=8, zorder=6, linestyle="none", label="data")
    ax.set(xlabel="$\\theta_1$", ylabel="$\\theta_2$", aspect="equal")
    ax.legend(framealpha=0.9, loc="upper right", fontsize=8)
    return ax


def plot_radius(
    trajectories: DiracTrajectory | Mapping[str, DiracTrajectory],
    *,
    log: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """|θ| against time, of one trajectory or of label → trajectory.

    Raises:
        ValueError: there is none.
        ImportError: matplotlib is not installed.
    """
    ax = axes_or_new(ax)
    for number, (label, path) in enumerate(named(trajectories, DiracTrajectory).items()):
        ax.plot(path.times, path.radius, label=label, **line_style(number))
    ax.set(xlabel="time", ylabel="distance from the data, $|\\theta|$", yscale="log" if log else "linear")
    ax.grid(color="0.9")
    ax.legend(framealpha=0.9, fontsize=8)
    return ax


def plot_vector_field(
    gan: DiracGAN,
    *,
    limit: float = 1.5,
    trajectory: DiracTrajectory | None = None,
    grid: int = 17,
    ax: Axes | None = None,
) -> Axes:
    """Arrows of (dθ/dt, dφ/dt) in the plane of one coordinate, whose motion a GAN of any d follows where φ is along θ.

    Args:
        gan: whose loss and penalty.
        limit: the plane is [-limit, limit]².
        trajectory: a path of a GAN with one coordinate, to draw over it.
        grid: arrows a side; an even number leaves φ = 0 out.
        ax: where to draw; a new figure unless given.

    Raises:
        ValueError: the trajectory has more coordinates.
        ImportError: matplotlib is not installed.
    """
    ax = axes_or_new(ax, size=(5.5, 5.5))
    side = torch.linspace(-limit, limit, grid, dtype=torch.float64)
    theta, phi = torch.meshgrid(side, side, indexing="xy")
    critic, generator = (rate.squeeze(-1) for rate in gan.field(phi[..., None], theta[..., None]))
    speed = torch.hypot(critic, generator)
    scale = torch.where(speed > 0, speed, 1)
    arrows = ax.quiver(
        theta, phi, generator / scale, critic / scale, speed, cmap="viridis", angles="xy", scale=1.2 * grid
    )
    ax.figure.colorbar(arrows, ax=ax, label="speed", shrink=0.8)
    if trajectory is not None:
        if trajectory.generator.shape[-1] != 1:
            raise ValueError(
                f"trajectory has {trajectory.generator.shape[-1]} coordinates: expected 1. Next: DiracGAN(…, dim=1)"
            )
        ax.plot(trajectory.generator, trajectory.critic, color="#D55E00", linewidth=1.4)
        ax.plot(trajectory.generator[0], trajectory.critic[0], "o", color="black", markersize=5)
    ax.plot(0, 0, "o", color="#d62728", markersize=8, zorder=6)
    ax.set(xlabel="generator $\\theta$", ylabel="critic $\\phi$", aspect="equal")
    return ax


def plot_eigenvalues(
    weights: Sequence[float], *, loss: str = "wgan", reg: str = "gp(0)", ax: Axes | None = None
) -> Axes:
    """Real and imaginary parts at the equilibrium against the penalty's weight λ.

    Raises:
        ValueError: the field has no Jacobian there.
        ImportError: matplotlib is not installed.
    """
    ax = axes_or_new(ax)
    values = [DiracGAN(loss, reg, dim=1, weight=weight).eigenvalues() for weight in weights]
    values = np.stack([each[each.real.sort(stable=True).indices].numpy() for each in values])  # (W, 2)
    for column, label in enumerate(("real part, faster", "real part, slower")):
        ax.plot(weights, values[:, column].real, label=label, **line_style(column))
    ax.plot(weights, np.abs(values[:, 0].imag), label="|imaginary part|", **line_style(2))
    ax.axhline(0, color="0.6", linewidth=0.8)
    ax.set(xlabel="weight $\\lambda$ of the penalty", ylabel="eigenvalue")
    ax.legend(framealpha=0.9)
    return ax
