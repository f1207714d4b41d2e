"""A picture of a confusion matrix, with Chinese labels that can be read wherever a Chinese font is installed."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FONTS = (
    *("Noto Sans CJK SC", "Source Han Sans SC", "Source Han Sans CN", "Noto Sans SC", "WenQuanYi Micro Hei"),
    *("WenQuanYi Zen Hei", "PingFang SC", "Hiragino Sans GB", "Heiti SC", "Songti SC", "STHeiti"),
    *("Microsoft YaHei", "SimHei", "SimSun", "Noto Sans CJK JP", "Droid Sans Fallback", "Arial Unicode MS"),
)


def plot_confusion(
    result: Mapping[str, Any], path: str | Path | None = None, *, normalize: bool = True, title: str = ""
) -> Figure:
    """Draw what `evaluate_classification` returned: rows are the right classes, columns the predicted ones.

    Where no installed font can write all labels, those beyond ASCII are drawn as their number in ``result["labels"]``, and a
    warning says so.

    Args:
        result: with "labels" and "confusion".
        path: picture to write, such as "confusion.png" or ".svg"; None writes none.
        normalize: colour by share of the row (0-1); otherwise by count. The figures written are counts.
        title: above the picture.

    Raises:
        ImportError: matplotlib is missing.
        KeyError: ``result`` is of another evaluation.

    Example:
        >>> from zhnlp.metrics import evaluate_classification, plot_confusion
        >>> figure = plot_confusion(evaluate_classification(["a", "b", "b"], ["a", "b", "a"]))
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['1', '0', '1', '1']
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('plots need matplotlib. Next: pip install "zhnlp[plot]"') from error
    if missing := {"labels", "confusion"} - result.keys():
        raise KeyError(
            f"the result has no {' and no '.join(sorted(missing))}: expected that of evaluate_classification"
        )
    labels, counts = [str(label) for label in result["labels"]], result["confusion"]
    font = font_for("".join(labels) + title)
    names = labels if font is not None else _numbered(labels)
    size = min(max(3.2, 0.42 * len(labels) + 1.8), 24)
    figure = Figure(figsize=(size + 0.6, size), layout="constrained")
    axes = figure.add_subplot()
    shades = [[count / max(sum(row), 1) if normalize else count for count in row] for row in counts]  # (C, C)
    image = axes.imshow(shades, cmap="Blues", vmin=0, vmax=1 if normalize else None)
    figure.colorbar(image, label="share of the row" if normalize else "texts", shrink=0.8)
    written = {"fontfamily": font} if font else {}
    axes.set_xticks(range(len(names)), names, rotation=90 if max(map(len, names)) > 3 else 0, **written)
    axes.set_yticks(range(len(names)), names, **written)
    axes.set_xlabel("predicted")
    axes.set_ylabel("right")
    if title:
        axes.set_title(title if font or title.isascii() else "", **written)
    if len(names) <= 40:
        brightest = max((shade for row in shades for shade in row), default=0)
        for row, (line, tones) in enumerate(zip(counts, shades)):
            for column, (count, tone) in enumerate(zip(line, tones)):
                colour = "white" if tone > 0.6 * brightest else "black"
                axes.text(column, row, f"{count}", ha="center", va="center", color=colour, fontsize=8)
    if path is not None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=150)
    return figure


def font_for(text: str) -> str | None:
    """The name of an installed font that has every character of ``text``: matplotlib's own, a known Chinese one, else any.

    None where there is none.

    Example:
        >>> font_for("abc") is not None
        True
    """
    from matplotlib import font_manager, rcParams
    from matplotlib.ft2font import FT2Font

    needed = {ord(character) for character in text if not character.isspace()}
    default = font_manager.FontProperties(family=rcParams["font.family"]).get_family()
    for name in [*default, *FONTS]:
        try:
            file = font_manager.findfont(
                font_manager.FontProperties(family=name), fallback_to_default=name in default
            )
        except ValueError:
            continue
        if needed <= FT2Font(file).get_charmap().keys():
            return name
    drawn = (entry for entry in font_manager.fontManager.ttflist if "Last Resort" not in entry.name)
    for entry in drawn:  # that one has a box for every character
        try:
            if needed <= FT2Font(entry.fname).get_charmap().keys():
                return entry.name
        except (OSError, RuntimeError):  # a font file that went or is broken
            continue
    return None


def _numbered(labels: list[str]) -> list[str]:
    warnings.warn(
        f"no installed font writes all of the labels ({', '.join(labels[:3])} …), so they are drawn as numbers in the order "
        "of result['labels']. Next: install a Chinese font, e.g. apt install fonts-noto-cjk, and clear matplotlib's cache",
        stacklevel=3,
    )
    return [label if label.isascii() else str(number) for number, label in enumerate(labels)]
