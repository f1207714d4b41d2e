"""A picture of how well scores tell pairs that mean the same from pairs that do not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_scores(
    scores: Sequence[float],
    same: Sequence[bool | int],
    path: str | Path | None = None,
    *,
    threshold: float | None = None,
    bins: int = 40,
    title: str = "",
) -> Figure:
    """Draw the scores of both kinds of pairs as histograms, each of area 1, and the threshold between them.

    Args:
        scores: one a pair.
        same: 1 where the pair means the same, 0 where it does not.
        path: picture to write, such as "scores.png" or ".svg"; None writes none.
        threshold: where "the same" begins; its precision and recall are written beside it.
        bins: of each histogram.
        title: above the picture.

    Raises:
        ImportError: matplotlib is missing.
        ValueError: the numbers differ, a score is not finite, or there are no pairs of one kind.

    Example:
        >>> figure = plot_scores([0.9, 0.8, 0.3, 0.1], [1, 1, 0, 0], threshold=0.5)
        >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
        ['different (2)', 'same (2)', '0.500: precision 1.00, recall 1.00']
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('plots need matplotlib. Next: pip install "zhnlp[plot]"') from error
    values, kinds = np.asarray(scores, np.float64), np.asarray(same)
    if values.ndim != 1 or values.shape != kinds.shape or not np.isin(kinds, (0, 1)).all():
        raise ValueError(
            f"got scores {values.shape} and labels {kinds.shape}: expected one score and one label of 0 or 1 for each pair"
        )
    if not np.isfinite(values).all():
        raise ValueError("a score is nan or infinite: expected finite numbers. The encoder is likely broken")
    kinds = kinds.astype(bool)
    if kinds.all() or not kinds.any():
        raise ValueError(
            f"all {len(kinds)} pairs are of one kind: expected both, the same and different ones"
        )
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.add_subplot()
    low, high = float(values.min()), float(values.max())
    edges = np.linspace(low, high if high > low else low + 1e-6, bins + 1)
    for name, chosen, colour in (("different", ~kinds, "tab:orange"), ("same", kinds, "tab:blue")):
        label = f"{name} ({chosen.sum():,})"
        axes.hist(values[chosen], edges, density=True, alpha=0.6, color=colour, label=label)
    if threshold is not None:
        taken = values >= threshold
        right = int((taken & kinds).sum())
        precision, recall = right / max(1, int(taken.sum())), right / int(kinds.sum())
        said = f"{threshold:.3f}: precision {precision:.2f}, recall {recall:.2f}"
        axes.axvline(threshold, color="black", linewidth=1, linestyle="--", label=said)
    axes.set_xlabel("score")
    axes.set_ylabel("density")
    axes.legend()
    if title:
        from zhnlp.metrics.confusion_plot import font_for

        font = font_for(title)
        axes.set_title(title if font or title.isascii() else "", **({"fontfamily": font} if font else {}))
    if path is not None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=150)
    return figure
