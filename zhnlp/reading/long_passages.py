"""Long passages in windows: where they lie, and whose score of a span counts.

L tokens of a passage, W windows of S tokens, M tokens of the longest span.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def windows(length: int, size: int, stride: int) -> list[tuple[int, int]]:
    """Windows (start, end) that cover ``length`` tokens, all of ``size`` but for a passage that is shorter.

    They begin ``stride`` apart; the last one is moved back so that it ends where the passage does.  Every span of
    size - stride + 1 tokens or fewer lies whole in one of them.  A passage without tokens has none.

    Raises:
        ValueError: not ``1 <= stride <= size``: tokens would be left out.

    Example:
        >>> windows(10, 4, 3), windows(11, 4, 3), windows(3, 4, 3)
        ([(0, 4), (3, 7), (6, 10)], [(0, 4), (3, 7), (6, 10), (7, 11)], [(0, 3)])
    """
    if not 1 <= stride <= size:
        raise ValueError(
            f"size={size}, stride={stride} leave tokens out: expected a stride from 1 to the size, such as half of it"
        )
    if length <= size:
        return [(0, length)] if length > 0 else []
    starts = [*range(0, length - size, stride), length - size]
    return [(start, start + size) for start in starts]


def merge_windows(band: np.ndarray, spans: Sequence[tuple[int, int]]) -> np.ndarray:
    """The band (1, L, M) of a passage from those of its windows: each span has its score in the window that sees most around it.

    What a window sees around a span is the smaller of the tokens left and right of it; of equals the earlier window.  So no
    span is scored twice, and all scores can be compared.

    Args:
        band: (W, S, M) of `zhnlp.reading.spans.span_scores`; a last window that is shorter is padded behind.
        spans: (start, end) of each window, of `windows`.

    Raises:
        ValueError: there are not as many windows as rows, or they are out of order.

    Example:
        >>> band = np.array([[[0.1], [0.2], [0.3]], [[0.4], [0.5], [0.6]]])
        >>> merge_windows(band, [(0, 3), (2, 5)])[0, :, 0].tolist()  # token 2 is at the border of both: the earlier one
        [0.1, 0.2, 0.3, 0.5, 0.6]
    """
    edges = np.asarray(spans, np.int64).reshape(-1, 2)
    if (
        len(edges) != len(band)
        or (np.diff(edges, axis=0) <= 0).any()
        or (edges[:, 1] - edges[:, 0] > band.shape[1]).any()
    ):
        raise ValueError(
            f"got {len(edges)} windows and scores of {len(band)} with {band.shape[1]} tokens each: expected those of "
            "windows(length, size, stride), in this order"
        )
    longest = band.shape[2]
    length = int(edges[-1, 1]) if len(edges) else 0
    merged = np.zeros((1, length, longest), band.dtype)
    most = np.full((length, longest), -1, np.int64)  # context of the score that is kept
    widths = np.arange(longest)
    for (first, last), scores in zip(edges.tolist(), band):
        places = np.arange(last - first)[:, None]
        context = np.minimum(
            places, last - first - 1 - places - widths
        )  # (S, M), below 0 where the span goes over the end
        better = context > most[first:last]
        most[first:last][better] = context[better]
        merged[0, first:last][better] = scores[: last - first][better]
    return merged
