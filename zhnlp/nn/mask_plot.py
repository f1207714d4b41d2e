"""A picture of an attention mask: queries are rows, keys columns, and a dark cell is a key that the query may see."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from zhnlp.nn.masks import check_mask

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_LABELS = 64  # beyond that they overlap, and the axes are numbered


def plot_mask(
    mask: Tensor,
    labels: Sequence[str] | None = None,
    path: str | Path | None = None,
    *,
    title: str = "",
    axes: Axes | None = None,
) -> Figure:
    """Draw the first row and head of a mask of `zhnlp.nn.masks`; ``mask[3:, 1:]`` draws the fourth row and second head.

    Where no installed font has the characters of the labels, positions are written instead, and a warning says so.

    Args:
        mask: bool (B, H, Q, K).
        labels: K tokens, written up to 64 of them.  Queries get the last Q, as `causal` counts them; a mask of one row, which
            holds for all queries, gets none.
        path: picture to write, such as "mask.png" or ".svg"; None writes none.
        title: above the picture.
        axes: of matplotlib, to draw into; None makes a figure.

    Raises:
        ImportError: matplotlib is missing (extra ``plot``).
        TypeError, ValueError: it is no such mask, or there are not K labels.

    Example:
        >>> from zhnlp.nn.masks import causal
        >>> figure = plot_mask(causal(2), ["a", "b"])
        >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
        ['a', 'b']
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('plots need matplotlib. Next: pip install "zhnlp[plot]"') from error
    check_mask(mask)
    queries, keys = mask.shape[-2:]
    names = [] if labels is None else [str(label) for label in labels]
    if labels is not None and len(names) != keys:
        raise ValueError(
            f"got {len(names)} labels for {keys} keys: expected one for each. Next: tokenizer.convert_ids_to_tokens(ids)"
        )
    if max(queries, keys) > MOST_LABELS:
        names = []
    fonts = _fonts_for("".join(names) + title)
    if fonts is None:
        names, title = [], title if title.isascii() else ""
    if axes is None:
        width, height = (1.5 + 0.25 * min(max(count, 6), MOST_LABELS) for count in (keys, queries))
        axes = Figure(figsize=(width, height), layout="constrained").add_subplot()
    axes.imshow(mask[0, 0].cpu().numpy(), cmap="Blues", vmin=0, vmax=1.4)
    axes.set_xlabel("key")
    axes.set_ylabel("query")
    axes.set_title(title, fontfamily=fonts)
    if max(queries, keys) <= MOST_LABELS:
        axes.set_xticks([column - 0.5 for column in range(keys + 1)], minor=True)
        axes.set_yticks([row - 0.5 for row in range(queries + 1)], minor=True)
        axes.grid(which="minor", color="lightgrey", linewidth=0.5)
        axes.tick_params(which="minor", length=0)
        if names:
            turned = 90 if max(map(len, names)) > 2 else 0
            axes.set_xticks(range(keys), names, rotation=turned, fontfamily=fonts)
            rows = names[keys - queries :] if 1 < queries <= keys else []
            axes.set_yticks(range(len(rows)), rows, fontfamily=fonts)
    if path is not None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        axes.figure.savefig(path, dpi=150)
    return axes.figure


def _fonts_for(text: str) -> list[str] | None:
    """Font families that together have all characters of ``text``, matplotlib's own first; else None, and a warning."""
    from matplotlib import font_manager, rcParams
    from matplotlib.ft2font import FT2Font

    own = font_manager.FontProperties(family=rcParams["font.family"])
    needed = {ord(character) for character in text if not character.isspace()}
    missing = needed - FT2Font(font_manager.findfont(own)).get_charmap().keys()
    if not missing:
        return own.get_family()
    known = (entry for entry in font_manager.fontManager.ttflist if "Last Resort" not in entry.name)
    for entry in sorted(known, key=lambda entry: ("Sans" not in entry.name, "SC" not in entry.name)):
        try:
            if missing <= FT2Font(entry.fname).get_charmap().keys():
                return [*own.get_family(), entry.name]
        except (OSError, RuntimeError):  # a font file that went or is broken
            continue
    warnings.warn(
        f"no installed font writes {chr(min(missing))!r}, so positions are written in place of the labels. "
        "Next: install a Chinese font, e.g. apt install fonts-noto-cjk, and clear matplotlib's cache",
        stacklevel=3,
    )
    return None
