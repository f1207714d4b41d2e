"""A heat map of CKA between layers, with matplotlib from the ``[plot]`` extra."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from zhnlp.metrics.confusion_plot import font_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from torch import Tensor

MOST_WRITTEN = 14  # layers, beyond which the figures of the cells overlap


def plot_cka(
    similarity: Tensor,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    path: str | Path | None = None,
    *,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw what `cka_map` gives: layers of one network as rows, of the other as columns, the first ones below and left.

    Names that no installed font can write become numbers, and a warning says so.

    Args:
        similarity: (A, B), drawn from 0 to 1.
        rows, columns: A and B names; without columns a square map has the rows' names, others have numbers.
        path: picture to write, such as "cka.png" or ".svg"; None writes none.
        title: above the picture.
        ax: where to draw; a new figure unless given.

    Raises:
        ValueError: no matrix, or another number of names.
        ImportError: matplotlib is not installed.

    Example:
        >>> plot_cka(torch.eye(2), ["embedding", "output"]).get_xlabel()
        ''

    Source: Kornblith et al. 2019, "Similarity of neural network representations revisited"
    """
    values = torch.as_tensor(similarity).detach().double().cpu().numpy()
    if values.ndim != 2 or 0 in values.shape:
        raise ValueError(f"similarity got shape {values.shape}: expected (A, B), as cka_map gives it")
    if columns is None and values.shape[0] == values.shape[1]:
        columns = rows
    names = [
        _names(given, count, side)
        for given, count, side in zip((rows, columns), values.shape, ("rows", "columns"))
    ]
    if ax is None:
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise ImportError(
                'plots need matplotlib, which is not installed: pip install "zhnlp[plot]"'
            ) from error
        width, height = (2.5 + 0.55 * min(count, 20) for count in reversed(values.shape))
        ax = Figure(figsize=(width, height), layout="constrained").add_subplot()
    written = "".join(names[0] + names[1]) + title
    font = None if written.isascii() else font_for(written)
    if font is None and not written.isascii():
        warnings.warn(
            "no installed font writes all of the names, so layers are numbered. "
            "Next: install a Chinese font, e.g. apt install fonts-noto-cjk, and clear matplotlib's cache",
            stacklevel=2,
        )
        names = [[str(number) for number in range(count)] for count in values.shape]
        title = title if title.isascii() else ""
    image = ax.imshow(values, origin="lower", cmap="magma", vmin=0, vmax=1)
    turned = 90 if max(map(len, names[1])) > 3 else 0
    ax.set_yticks(range(len(names[0])), names[0], fontfamily=font)
    ax.set_xticks(range(len(names[1])), names[1], rotation=turned, fontfamily=font)
    ax.set_title(title, fontfamily=font)
    if max(values.shape) <= MOST_WRITTEN:
        for (row, column), value in ((place, values[place]) for place in _cells(values)):
            colour = "black" if value > 0.6 else "white"
            ax.text(column, row, f"{value:.2f}", ha="center", va="center", color=colour, fontsize=8)
    ax.figure.colorbar(image, ax=ax, label="CKA", shrink=0.8)
    if path is not None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        ax.figure.savefig(path, dpi=150)
    return ax


def _cells(values):
    return [(row, column) for row in range(values.shape[0]) for column in range(values.shape[1])]


def _names(given: Sequence[str] | None, count: int, side: str) -> list[str]:
    if given is None:
        return [str(number) for number in range(count)]
    if len(given) != count:
        raise ValueError(f"{side} got {len(given)} names for {count} layers: expected one for each")
    return [str(name) for name in given]
