"""Pictures of the companion: grids of images, scattered points, curves; each written to a file and returned as a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def new_figure(
    width: float = 5.0, height: float = 4.0, rows: int = 1, columns: int = 1
) -> tuple[Figure, Any]:
    """A figure and its axes, ``width`` × ``height`` inches, without a window.

    Raises:
        ImportError: matplotlib is missing (extra ``plot``).
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('plots need matplotlib. Next: pip install "zhnlp[plot]"') from error
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns)


def save(figure: Figure, path: str | Path | None) -> Figure:
    """Write the figure, where a path is given, at 120 dots an inch."""
    if path is not None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=120)
    return figure


def image_grid(
    images: Any, path: str | Path | None = None, *, columns: int | None = None, title: str = ""
) -> Figure:
    """Images (N, 1, H, W) grey or (N, 3, H, W) in colour, values in [0, 1], cut to it, side by side.

    Example:
        >>> figure = image_grid(np.zeros((4, 1, 8, 8)), columns=2)
        >>> figure.axes[0].get_images()[0].get_array().shape
        (19, 19)
    """
    images = np.clip(np.asarray(images, dtype=float), 0, 1)
    if images.ndim != 4 or images.shape[1] not in (1, 3) or not len(images):
        raise ValueError(f"images have shape {images.shape}: expected (N, 1 or 3, H, W), N ≥ 1")
    count, channels, height, width = images.shape
    columns = columns or int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    sheet = np.full((channels, rows * (height + 1) + 1, columns * (width + 1) + 1), 0.5)
    for number, image in enumerate(images):
        top, left = 1 + number // columns * (height + 1), 1 + number % columns * (width + 1)
        sheet[:, top : top + height, left : left + width] = image
    scale = max(0.12, min(0.6, 8 / columns)) if width > 16 else max(0.12, min(0.45, 8 / columns))
    figure, axes = new_figure(columns * scale + 0.3, rows * scale * height / width + (0.5 if title else 0.3))
    axes.imshow(sheet[0] if channels == 1 else sheet.transpose(1, 2, 0), cmap="gray", vmin=0, vmax=1)
    axes.set_axis_off()
    axes.set_title(title, fontsize=9)
    return save(figure, path)


def scatter(
    points: Any,
    path: str | Path | None = None,
    *,
    labels: Any = None,
    background: Any = None,
    title: str = "",
    axes: Axes | None = None,
) -> Figure:
    """Points (N, 2), coloured by labels; ``background`` are points in grey beneath, such as the data."""
    points = np.asarray(points, dtype=float)
    figure = axes.figure if axes is not None else None
    if axes is None:
        figure, axes = new_figure(4.5, 4.2)
    if background is not None:
        axes.scatter(*np.asarray(background, dtype=float).T[:2], s=4, c="lightgrey", linewidths=0)
    colours = {"c": "tab:blue"} if labels is None else {"c": np.asarray(labels), "cmap": "tab10"}
    axes.scatter(points[:, 0], points[:, 1], s=5, linewidths=0, alpha=0.7, **colours)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_title(title, fontsize=9)
    return save(figure, path)


def curves(
    lines: Mapping[str, Sequence[float]],
    path: str | Path | None = None,
    *,
    x: Sequence[float] | None = None,
    xlabel: str = "pass",
    ylabel: str = "",
    title: str = "",
    log: bool = False,
) -> Figure:
    """Named lines over passes, steps or whatever ``x`` is."""
    figure, axes = new_figure(5.5, 3.6)
    for name, values in lines.items():
        axes.plot(range(1, len(values) + 1) if x is None else x, values, label=name)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.set_title(title, fontsize=9)
    if log:
        axes.set_yscale("log")
    if len(lines) > 1:
        axes.legend(fontsize=8)
    return save(figure, path)


def draw_samples(samples: Any, path: str | Path | None = None, *, title: str = "") -> Figure:
    """What fits the shape: a grid of images (N, C, H, W), points in the plane (N, 2), else curves of up to 16 rows."""
    samples = np.asarray(samples, dtype=float)
    if samples.ndim == 4:
        low, high = samples.min(), samples.max()
        samples = (samples + 1) / 2 if low < -0.05 and high <= 1.05 else samples
        return image_grid(samples, path, title=title)
    if samples.ndim == 2 and samples.shape[1] == 2:
        return scatter(samples, path, title=title)
    rows = samples.reshape(len(samples), -1)[:16]
    return curves({str(number): row for number, row in enumerate(rows)}, path, xlabel="place", title=title)
