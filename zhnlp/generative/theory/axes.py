"""Where a plot of theory/ draws, its colours and lines.  matplotlib comes with the ``[plot]`` extra."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zhnlp.generative.theory.dynamics.plots import COLOURS, LINES

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def axes_or_new(ax: Axes | None = None, *, size: tuple[float, float] = (7.0, 5.0)) -> Axes:
    """``ax``, or the axes of a new figure of ``size`` inches.

    Raises:
        ImportError: matplotlib is not installed.

    Example:
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> axes_or_new(size=(3, 2)).figure.get_size_inches().tolist()
        [3.0, 2.0]
    """
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            'plots need matplotlib, which is not installed: pip install "zhnlp[plot]"'
        ) from error
    return plt.subplots(figsize=size, layout="constrained")[1]


def named(things: Any, kind: type, *, default: str = "path") -> Mapping[str, Any]:
    """label → thing, of one thing or of such a mapping.

    Raises:
        ValueError: the mapping is empty.

    Example:
        >>> named(3, int), named({"three": 3}, int)
        ({'path': 3}, {'three': 3})
    """
    mapping = things if isinstance(things, Mapping) else {default: things}
    if not mapping:
        raise ValueError(f"got none to draw: expected a {kind.__name__}, or {{label: {kind.__name__}}}")
    return mapping


def line_style(number: int) -> dict[str, Any]:
    """Colour and dashes of the line with that number; told apart without colours too.

    Example:
        >>> line_style(1)["linestyle"]
        '--'
    """
    return {
        "color": COLOURS[number % len(COLOURS)],
        "linestyle": LINES[number % len(LINES)],
        "linewidth": 1.6,
    }
