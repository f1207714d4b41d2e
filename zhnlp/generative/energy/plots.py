"""Maps of an energy in the plane, with data, samples and the ways of chains."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zhnlp.generative.energy.quadrature import LogProbGrid
from zhnlp.generative.plots import new_figure, save

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_energy(
    grid: LogProbGrid,
    path: str | Path | None = None,
    *,
    data: Any = None,
    samples: Any = None,
    depth: float = 12.0,
    title: str = "",
) -> Figure:
    """U + ln Z = −log-density as a map, cut ``depth`` nats above its least; data in white, samples in red.

    Example:
        >>> from zhnlp.generative.energy.quadrature import log_prob_grid
        >>> figure = plot_energy(log_prob_grid(lambda x: x.square().sum(1), -3, 3, resolution=20))
        >>> [float(end) for end in figure.axes[0].get_xlim()]
        [-3.0, 3.0]
    """
    figure, axes = new_figure(5.2, 4.4)
    _map(figure, axes, grid, depth)
    for points, colour in ((data, "white"), (samples, "tab:red")):
        if points is not None:
            axes.scatter(*np.asarray(points, dtype=float).T, s=3, c=colour, linewidths=0, alpha=0.7)
    axes.set_title(title, fontsize=9)
    return save(figure, path)


def plot_chains(
    grid: LogProbGrid, chains: Any, path: str | Path | None = None, *, depth: float = 12.0, title: str = ""
) -> Figure:
    """Ways of chains (K, N, 2) over the map: starts as circles, ends as crosses."""
    chains = np.asarray(chains, dtype=float)
    figure, axes = new_figure(5.2, 4.4)
    _map(figure, axes, grid, depth)
    axes.plot(chains[:, :, 0], chains[:, :, 1], lw=0.6, c="white", alpha=0.8)
    axes.scatter(*chains[0].T, s=14, facecolors="none", edgecolors="white", linewidths=0.8)
    axes.scatter(*chains[-1].T, s=18, c="tab:red", marker="x", zorder=3)
    axes.set_title(title, fontsize=9)
    return save(figure, path)


def _map(figure, axes, grid: LogProbGrid, depth: float) -> None:
    energy = -grid.log_prob.cpu().mT.numpy()  # rows are the second coordinate, as imshow has them
    half = float(grid.axis[1] - grid.axis[0]) / 2
    low, high = float(grid.axis[0]) - half, float(grid.axis[-1]) + half
    drawn = axes.imshow(
        energy,
        origin="lower",
        extent=(round(low, 6), round(high, 6)) * 2,
        cmap="viridis_r",
        vmin=energy.min(),
        vmax=energy.min() + depth,
        aspect="equal",
    )
    axes.set_xlim(round(low, 6), round(high, 6))
    axes.set_ylim(round(low, 6), round(high, 6))
    figure.colorbar(drawn, ax=axes, label="−log density, nats")
