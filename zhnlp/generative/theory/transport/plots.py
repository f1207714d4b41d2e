"""The mass that moves, drawn with matplotlib from the ``[plot]`` extra.  Colours are those of Okabe and Ito."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FROM, TO = "#0072B2", "#D55E00"
SHOWN = 0.02  # of the largest mass on one way, below which a way is not drawn


def plot_transport(x: Any, y: Any, plan: np.ndarray, *, ax: Axes | None = None) -> Axes:
    """Points of both clouds, as large as their mass, and a line for every way, as strong as what goes along it.

    Points of one coordinate are put on two lines, x above y.

    Args:
        x, y: (n, 2) and (m, 2), or (n,) and (m,).
        plan: (n, m), as `transport_plan` gives it.
        ax: where to draw; a new figure unless given.

    Raises:
        ValueError: more than two coordinates, or a plan of another shape or without mass.
        ImportError: matplotlib is not installed.

    Example:
        >>> from zhnlp.generative.theory.transport import transport_plan
        >>> x, y = [[0.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [1.0, 1.0]]
        >>> len(plot_transport(x, y, transport_plan(x, y).plan).collections[0].get_segments())
        2

    Source: https://kexue.fm/archives/6280
    """
    points = [np.asarray(cloud, dtype=float) for cloud in (x, y)]
    points = [cloud[:, None] if cloud.ndim == 1 else cloud for cloud in points]
    plan = np.asarray(plan, dtype=float)
    if plan.shape != (len(points[0]), len(points[1])) or plan.sum() <= 0:
        raise ValueError(
            f"plan got shape {plan.shape} and mass {plan.sum():g}: expected {len(points[0])} × {len(points[1])}, "
            "above 0"
        )
    flat = points[0].shape[1] == 1
    if not flat and any(cloud.shape[1] != 2 for cloud in points):
        raise ValueError(f"points got {points[0].shape[1]} coordinates: expected 1 or 2")
    if flat:
        points = [
            np.column_stack([cloud[:, 0], np.full(len(cloud), height)])
            for cloud, height in zip(points, (1.0, 0.0))
        ]
    try:
        from matplotlib.collections import LineCollection
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            'plots need matplotlib, which is not installed: pip install "zhnlp[plot]"'
        ) from error
    if ax is None:
        ax = Figure(figsize=(7, 3) if flat else (6, 6), layout="constrained").add_subplot()
    starts, ends = np.nonzero(plan > SHOWN * plan.max())
    strength = plan[starts, ends] / plan.max()
    ax.add_collection(
        LineCollection(
            np.stack([points[0][starts], points[1][ends]], 1),
            linewidths=0.4 + 1.6 * strength,
            alpha=0.7 * strength,
            colors="0.35",
            zorder=1,
        )
    )
    for cloud, mass, colour, label in zip(points, (plan.sum(1), plan.sum(0)), (FROM, TO), ("from", "to")):
        sizes = np.clip(25 * mass / mass.mean(), 0, 400)
        ax.scatter(*cloud.T, s=sizes, color=colour, label=label, zorder=2, edgecolors="white", linewidths=0.4)
    if flat:
        ax.set(yticks=[1, 0], yticklabels=["x", "y"], ylim=(-0.35, 1.35))
    else:
        ax.set_aspect("equal", adjustable="datalim")
        ax.set(xlabel="$x_1$", ylabel="$x_2$")
    ax.legend(framealpha=0.9)
    return ax
