"""Pictures of estimators: bias and variance against temperature, spread of single draws, temperature schedules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from zhnlp.generative.theory.axes import axes_or_new, line_style, named
from zhnlp.generative.theory.estimators.estimate import GradientEstimate
from zhnlp.generative.theory.estimators.temperatures import TemperatureCurve

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_temperatures(
    curves: TemperatureCurve | Mapping[str, TemperatureCurve], *, ax: Axes | None = None
) -> Axes:
    """|bias| (lines) and standard deviation of one draw (the same colour, dots) against tau, both logarithmic.

    Raises:
        ValueError: there is no curve.
        ImportError: matplotlib is not installed.
    """
    ax = axes_or_new(ax)
    for number, (label, curve) in enumerate(named(curves, TemperatureCurve, default="gumbel").items()):
        colour = line_style(number)["color"]
        ax.plot(curve.taus, curve.bias, "-o", color=colour, markersize=4, label=f"|bias|, {label}")
        ax.plot(
            curve.taus,
            curve.variance.sqrt(),
            ":s",
            color=colour,
            markersize=4,
            label=f"standard deviation, {label}",
        )
    ax.set(xscale="log", yscale="log", xlabel="temperature $\\tau$", ylabel="error of the gradient")
    ax.grid(color="0.9")
    ax.legend(framealpha=0.9)
    return ax


def plot_estimates(
    estimates: Mapping[str, GradientEstimate],
    *,
    coordinate: int = 0,
    share: float = 0.98,
    ax: Axes | None = None,
) -> Axes:
    """Box plots of single draws, one an estimator, with the exact gradient as a line; whiskers hold ``share`` of the draws.

    Raises:
        ValueError: there is no estimate, or no such coordinate.
        ImportError: matplotlib is not installed.
    """
    named(estimates, GradientEstimate)
    first = next(iter(estimates.values()))
    if not 0 <= coordinate < len(first.exact):
        raise ValueError(f"coordinate got {coordinate}: expected 0 to {len(first.exact) - 1}")
    ax = axes_or_new(ax)
    tail = 50 * (1 - share)
    ax.boxplot(
        [each.samples[:, coordinate].numpy() for each in estimates.values()],
        orientation="horizontal",
        tick_labels=list(estimates),
        whis=(tail, 100 - tail),
        showfliers=False,
        showmeans=True,
        meanprops={"marker": "D", "markerfacecolor": "#D55E00", "markeredgecolor": "none", "markersize": 5},
        medianprops={"color": "#0072B2"},
    )
    ax.axvline(first.exact[coordinate].item(), color="black", linestyle="--", linewidth=1)
    ax.invert_yaxis()
    ax.set_xlabel("one draw of the gradient (diamond: mean; dashed: exact)")
    return ax


def plot_schedule(
    schedules: Callable[[int], float] | Mapping[str, Callable[[int], float]],
    steps: int,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Temperature against steps 0 … ``steps``, logarithmic.

    Raises:
        ValueError: there is no schedule, or no step.
        ImportError: matplotlib is not installed.
    """
    if steps < 1:
        raise ValueError(f"steps got {steps}: expected 1 or more")
    ax = axes_or_new(ax)
    at = np.unique(np.linspace(0, steps, 400).astype(int))
    for number, (label, schedule) in enumerate(named(schedules, Callable, default="schedule").items()):
        ax.plot(at, [schedule(int(step)) for step in at], label=label, **line_style(number))
    ax.set(xlabel="step", ylabel="temperature $\\tau$", yscale="log")
    ax.grid(color="0.9")
    ax.legend(framealpha=0.9)
    return ax
