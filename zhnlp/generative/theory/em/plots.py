"""Mixtures and the bound of EM, drawn with matplotlib from the ``[plot]`` extra.  Colours are those of Okabe and Ito."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zhnlp.generative.theory.em.algorithm import EM, EMHistory

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


def plot_mixture(em: EM, x: Any, *, ax: Axes | None = None) -> Axes:
    """Rows in the colour of their likeliest Gaussian, paler where it is unsure, and its ellipses at 1 and 2 deviations.

    Args:
        em: fitted, of a `GaussianMixture` in two dimensions.
        x: (n, 2).
        ax: where to draw; a new figure unless given.

    Raises:
        ValueError: another kind of model, or another number of dimensions.
        ImportError: matplotlib is not installed.

    Example:
        >>> from zhnlp.generative.theory.em import GaussianMixture
        >>> x = np.random.default_rng(0).normal(size=(40, 2))
        >>> len(plot_mixture(EM(GaussianMixture(2), max_iterations=1000).fit(x), x).patches)
        4

    Source: https://kexue.fm/archives/5239
    """
    model = getattr(em, "model_", None)
    if not hasattr(model, "covariances_") or model.means_.shape[1] != 2:
        raise ValueError(
            "plot_mixture got no fitted GaussianMixture of two dimensions: expected EM(...).fit(x)"
        )
    ax = _axes(ax, (6.5, 5))
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Ellipse

    x = np.asarray(x, dtype=float)
    shares = em.predict_proba(x)
    colours = np.array([to_rgba(COLOURS[number % len(COLOURS)]) for number in range(shares.shape[1])])
    points = colours[shares.argmax(1)]
    points[:, 3] = 0.25 + 0.75 * shares.max(1) ** 2
    ax.scatter(*x.T, s=18, color=points, linewidths=0)
    for number, (mean, covariance) in enumerate(zip(model.means_, model.covariances_)):
        values, vectors = np.linalg.eigh(covariance)
        angle = np.degrees(np.arctan2(*vectors[::-1, 1]))
        for deviations in (1, 2):
            width, height = 2 * deviations * np.sqrt(values[::-1])
            ax.add_patch(
                Ellipse(
                    mean,
                    width,
                    height,
                    angle=angle,
                    fill=False,
                    edgecolor=colours[number],
                    linewidth=2.2 - 0.7 * deviations,
                )
            )
        ax.plot(*mean, "+", color="black", markersize=10, label="mean" if number == 0 else None)
    ax.set(xlabel="$x_1$", ylabel="$x_2$")
    ax.autoscale_view()
    ax.legend(framealpha=0.9)
    return ax


def plot_bound(history: EMHistory, *, ax: Axes | None = None) -> Axes:
    """The log-likelihood, and beneath it the bound, which an M step lifts and an E step lifts to touch.

    Args:
        history: of a fitted `EM`.
        ax: where to draw; a new figure unless given.

    Raises:
        ValueError: a history without an iteration.
        ImportError: matplotlib is not installed.

    Example:
        >>> from zhnlp.generative.theory.em import CoinMixture
        >>> em = EM(CoinMixture(tosses=10, biases=(0.6, 0.5))).fit([5, 9, 8, 4, 7])
        >>> [line.get_label() for line in plot_bound(em.history_).get_lines()]
        ['log-likelihood', 'bound']

    Source: https://kexue.fm/archives/5239
    """
    count = len(history)
    if count < 2:
        raise ValueError(f"history got {count} entries: expected an iteration at least")
    ax = _axes(ax, (7, 4.5))
    steps = np.arange(count)
    ax.plot(
        steps,
        history.log_likelihood,
        "o-",
        color=COLOURS[0],
        markersize=4,
        markevery=max(1, count // 25),
        label="log-likelihood",
    )
    times, heights = [0.0], [history.bound_after[0]]  # up along an M step, then at once by an E step
    for step in steps[1:]:
        times += [step, step]
        heights += [history.bound[step], history.bound_after[step]]
    ax.plot(times, heights, color=COLOURS[1], linewidth=1.3, label="bound")
    above = np.interp(times, steps, history.log_likelihood)
    ax.fill_between(times, heights, above, color=COLOURS[1], alpha=0.15, linewidth=0)
    ax.set(xlabel="iteration", ylabel="nats a row")
    ax.grid(color="0.9")
    ax.legend(loc="lower right")
    return ax


def _axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    if ax is not None:
        return ax
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            'plots need matplotlib, which is not installed: pip install "zhnlp[plot]"'
        ) from error
    return Figure(figsize=size, layout="constrained").add_subplot()
