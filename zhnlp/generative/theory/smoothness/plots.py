"""Pictures of smoothness: what a step along the gradient does, and the second moments of layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch

from zhnlp.generative.theory.axes import axes_or_new, line_style, named
from zhnlp.generative.theory.dynamics.plots import COLOURS
from zhnlp.generative.theory.smoothness.moments import MomentReport
from zhnlp.generative.theory.smoothness.report import SmoothnessReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_steps(
    reports: SmoothnessReport | Mapping[str, SmoothnessReport],
    *,
    what: str = "losses",
    ax: Axes | None = None,
) -> Axes:
    """Against the step length, logarithmic: the change of the loss, or the gradient's Lipschitz constant along the step.

    Args:
        reports: one, or label → report.
        what: ``losses``, with 2 / λ as a dotted line; or ``lipschitz``.
        ax: where to draw; a new figure unless given.

    Raises:
        ValueError: there is no report, or ``what`` is another.
        ImportError: matplotlib is not installed.
    """
    if what not in ("losses", "lipschitz"):
        raise ValueError(f"what got {what!r}: expected losses or lipschitz")
    ax = axes_or_new(ax)
    for number, (label, report) in enumerate(named(reports, SmoothnessReport, default="model").items()):
        style = line_style(number)
        if what == "losses":
            change = report.losses - report.loss
            change = torch.where(
                change < 2 * report.loss, change, float("nan")
            )  # beyond, nothing else is seen
            ax.plot(report.lrs, change, marker="o", markersize=3, label=label, **style)
            ax.axvline(report.largest_lr, color=style["color"], linestyle=":", linewidth=1)
        else:
            ax.plot(report.lrs, report.lipschitz, marker="o", markersize=3, label=label, **style)
    if what == "losses":
        ax.axhline(0, color="0.6", linewidth=0.8)
        ax.plot([], [], ":", color="0.3", label="$2/\\lambda$")
    ax.set(
        xscale="log",
        yscale="linear" if what == "losses" else "log",
        xlabel="step length $\\eta$ along the gradient",
        ylabel="change of the loss" if what == "losses" else "$|\\Delta\\nabla|\\,/\\,\\eta|\\nabla|$",
    )
    ax.grid(color="0.9")
    ax.legend(framealpha=0.9)
    return ax


def plot_moments(reports: MomentReport | Mapping[str, MomentReport], *, ax: Axes | None = None) -> Axes:
    """Bars of the greatest eigenvalue of E[x ⊗ x], raw, centred and standardised, of one input or name → report.

    Raises:
        ValueError: there is no report.
        ImportError: matplotlib is not installed.
    """
    ax = axes_or_new(ax)
    reports = named(reports, MomentReport, default="input")
    places = np.arange(len(reports))
    for number, kind in enumerate(("raw", "centred", "standardised")):
        heights = [getattr(report, kind).eigenvalue for report in reports.values()]
        bars = ax.bar(places + 0.27 * (number - 1), heights, width=0.25, label=kind, color=COLOURS[number])
        ax.bar_label(bars, fmt="%.3g", fontsize=7)
    ax.set_xticks(places, list(reports))
    ax.set(yscale="log", ylabel="greatest eigenvalue of $E[x x^T]$")
    ax.margins(y=0.12)
    ax.legend(framealpha=0.9)
    return ax
