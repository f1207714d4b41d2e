"""Plots of paths and densities, with matplotlib from the ``[plot]`` extra.  Colours are those of Okabe and Ito."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from zhnlp.generative.theory.dynamics.fokker_planck import gibbs_density
from zhnlp.generative.theory.dynamics.losses import LossFunction
from zhnlp.generative.theory.dynamics.trajectory import Trajectory

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))
MARKERS = ("o", "s", "^", "D", "v", "P")


def plot_trajectory(
    loss_fn: LossFunction,
    trajectories: Trajectory | Mapping[str, Trajectory],
    *,
    limits: tuple[tuple[float, float], tuple[float, float]] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Paths over the contours of a loss of two coordinates, or along the curve of a loss of one.

    Args:
        trajectories: one, or label → trajectory; of N starts each path is drawn.
        limits: ((left, right), (low, high)) of the plane; around the paths and minima unless given.
        ax: where to draw; a new figure unless given.

    Raises:
        ValueError: a trajectory of more than two coordinates.
        ImportError: matplotlib is not installed.
    """
    named = _named(trajectories)
    dimension = next(iter(named.values())).positions.shape[-1]
    if dimension > 2:
        raise ValueError(
            f"trajectories got {dimension} coordinates: expected 1 or 2. Use plot_losses for more"
        )
    ax = _axes(ax)
    _background(ax, loss_fn, named, limits, dimension)
    for number, (label, path) in enumerate(named.items()):
        points = path.positions if path.positions.ndim == 3 else path.positions[:, None]  # (T + 1, N, d)
        for chain in range(points.shape[1]):
            x = points[:, chain, 0]
            y = points[:, chain, 1] if dimension == 2 else path.losses.reshape(len(path), -1)[:, chain]
            ax.plot(x, y, label=label if chain == 0 else None, **_style(number, len(x)))
            ax.plot(x[0], y[0], "o", color="black", markersize=6, zorder=5)
    minima = getattr(loss_fn, "minima", None)
    if minima is not None:
        height = minima[:, 1] if dimension == 2 else loss_fn(minima)
        ax.plot(
            minima[:, 0],
            height,
            "*",
            color="black",
            markersize=13,
            zorder=5,
            linestyle="none",
            label="minimum",
        )
    ax.plot([], [], "o", color="black", markersize=6, label="start")
    ax.set(xlabel="$x_1$" if dimension == 2 else "$x$", ylabel="$x_2$" if dimension == 2 else "loss")
    ax.legend(framealpha=0.9)
    return ax


def plot_phase(
    trajectories: Trajectory | Mapping[str, Trajectory], *, coordinate: int = 0, ax: Axes | None = None
) -> Axes:
    """The phase plane (θ, p): position against velocity of one coordinate.

    Raises:
        ValueError: there is no such coordinate.
        ImportError: matplotlib is not installed.
    """
    named = _named(trajectories)
    dimension = next(iter(named.values())).positions.shape[-1]
    if not 0 <= coordinate < dimension:
        raise ValueError(f"coordinate got {coordinate}: expected 0 to {dimension - 1}")
    ax = _axes(ax)
    ax.axhline(0, color="0.75", linewidth=0.8)
    ax.axvline(0, color="0.75", linewidth=0.8)
    for number, (label, path) in enumerate(named.items()):
        x = path.positions[..., coordinate].reshape(len(path), -1)
        p = path.velocities[..., coordinate].reshape(len(path), -1)
        for chain in range(x.shape[1]):
            ax.plot(x[:, chain], p[:, chain], label=label if chain == 0 else None, **_style(number, len(x)))
            ax.plot(x[0, chain], p[0, chain], "o", color="black", markersize=6, zorder=5)
    ax.set(xlabel="position $\\theta$", ylabel="velocity $p$")
    ax.legend(framealpha=0.9)
    return ax


def plot_losses(trajectories: Trajectory | Mapping[str, Trajectory], *, ax: Axes | None = None) -> Axes:
    """The loss against steps, on a logarithmic scale; the median over N starts.

    Raises:
        ImportError: matplotlib is not installed.
    """
    ax = _axes(ax)
    for number, (label, path) in enumerate(_named(trajectories).items()):
        losses = path.losses.reshape(len(path), -1).median(1).values
        ax.semilogy(path.times, losses, label=label, **(_style(number, len(losses)) | {"marker": ""}))
    ax.set(xlabel="step", ylabel="loss")
    ax.grid(color="0.9")
    ax.legend(framealpha=0.9)
    return ax


def plot_density(
    samples: Tensor | Mapping[str, Tensor],
    loss_fn: LossFunction,
    temperature: float,
    *,
    limits: tuple[float, float],
    bins: int = 60,
    ax: Axes | None = None,
) -> Axes:
    """Histograms of samples (S,) or (S, 1) against the Gibbs density exp(-L/T) of a loss of one coordinate.

    Raises:
        ImportError: matplotlib is not installed.
    """
    ax = _axes(ax)
    named = samples if isinstance(samples, Mapping) else {"samples": samples}
    for number, (label, values) in enumerate(named.items()):
        ax.hist(
            values.reshape(-1).numpy(),
            bins=np.linspace(*limits, bins + 1),
            density=True,
            histtype="stepfilled" if number == 0 else "step",
            color=COLOURS[(5, 1, 2, 3)[number % 4]],
            linewidth=1.5,
            label=label,
        )
    grid = torch.linspace(*limits, 301, dtype=torch.float64)
    ax.plot(grid, gibbs_density(loss_fn, temperature, grid), color="black", label="exp(−L/T) / Z")
    ax.set(xlabel="$x$", ylabel="density", xlim=limits)
    ax.legend(framealpha=0.9)
    return ax


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            'plots need matplotlib, which is not installed: pip install "zhnlp[plot]"'
        ) from error
    return plt.subplots(figsize=(7, 5), layout="constrained")[1]


def _named(trajectories: Trajectory | Mapping[str, Trajectory]) -> Mapping[str, Trajectory]:
    named = trajectories if isinstance(trajectories, Mapping) else {"path": trajectories}
    if not named:
        raise ValueError("trajectories got none: expected a Trajectory, or {label: Trajectory}")
    return named


def _style(number: int, length: int) -> dict[str, Any]:
    return {
        "color": COLOURS[number % len(COLOURS)],
        "linestyle": LINES[number % len(LINES)],
        "marker": MARKERS[number % len(MARKERS)],
        "markevery": max(1, length // 15),
        "markersize": 4,
        "linewidth": 1.6,
    }


def _background(ax, loss_fn, named, limits, dimension) -> None:
    """Contours on a scale of logarithms, or the curve."""
    if limits is None:
        points = [path.positions.reshape(-1, dimension) for path in named.values()]
        minima = getattr(loss_fn, "minima", None)
        points = torch.cat(points if minima is None else [*points, minima])
        points = points[points.isfinite().all(-1)]
        low, high = points.min(0).values, points.max(0).values
        margin = 0.15 * (high - low).clamp(min=(high - low).max() / 4 + 1e-9)
        limits = tuple(zip((low - margin).tolist(), (high + margin).tolist()))
    axis = torch.linspace(*limits[0], 241, dtype=torch.float64)
    with torch.no_grad():
        if dimension == 1:
            ax.plot(axis, loss_fn(axis[:, None]), color="0.6", linewidth=1, label="loss")
            ax.set_xlim(limits[0])
            return
        other = torch.linspace(*limits[1], 241, dtype=torch.float64)
        across, along = torch.meshgrid(axis, other, indexing="xy")
        height = loss_fn(torch.stack([across, along], -1)).numpy()
    levels = np.geomspace(max(height.max() * 1e-6, height.min() + 1e-12), height.max(), 16)
    ax.contourf(
        across,
        along,
        np.log10(np.maximum(height, levels[0])),
        levels=np.log10(levels),
        cmap="Greys_r",
        alpha=0.45,
    )
    ax.contour(across, along, height, levels=levels, colors="0.55", linewidths=0.4)
    ax.set(xlim=limits[0], ylim=limits[1])
