"""The best spans of each row straight from chances, compiled: what `candidates` finds in a band, without a score for every span.

B passages, L tokens, N spans.
"""

from __future__ import annotations

import numpy as np

from zhnlp.mining.jit import compiled
from zhnlp.reading.spans import Spans

_LAST = np.iinfo(np.int64).max


def best_spans(start: np.ndarray, end: np.ndarray, *, max_length: int, threshold: float, limit: int) -> Spans:
    """``candidates(span_scores(start, end, max_length=…, threshold=…), limit=limit)`` in a tenth of the time.

    Args:
        start, end: chances (B, L) in [0, 1], float32; see `zhnlp.reading.spans`.
        max_length: tokens of the longest span.
        threshold: chances must be above it.
        limit: spans of a row at most, 1 or more.

    Example:
        >>> one = np.array([[0.5, 0.5]], np.float32)
        >>> spans = best_spans(one, np.array([[0.5, 1.0]], np.float32), max_length=2, threshold=0.0, limit=2)
        >>> list(zip(spans.start.tolist(), spans.end.tolist(), spans.score.tolist()))
        [(0, 2, 0.5), (1, 2, 0.5)]
    """
    rows = len(start)
    place = np.full((rows, limit), _LAST)  # start · max_length + tokens - 1
    score = np.zeros((rows, limit), np.float32)
    start, end = (np.minimum(chances, np.float32(1)) for chances in (start, end))
    _best(start, end, max_length, np.float32(threshold), place, score)
    order = np.argsort(place, 1, kind="stable")
    place, score = np.take_along_axis(place, order, 1), np.take_along_axis(score, order, 1)
    row, column = np.nonzero(place < _LAST)
    first, wider = np.divmod(place[row, column], max_length)
    return Spans(row, first, first + wider + 1, score[row, column])


@compiled
def _best(start, end, longest, threshold, place, score):
    rows, length = start.shape
    limit = place.shape[1]
    for row in range(rows):
        kept = worst = 0
        most = end[row].max() if length else threshold
        lowest = np.float32(0)  # a span must be above it
        for first in range(length):
            chance = start[row, first]
            if chance <= threshold or chance * most <= lowest:
                continue
            for last in range(first, min(first + longest, length)):
                if end[row, last] <= threshold:
                    continue
                product = chance * end[row, last]
                if product <= lowest:
                    continue
                at = worst
                if kept < limit:
                    at = kept
                    kept += 1
                place[row, at] = first * longest + last - first
                score[row, at] = product
                if kept == limit:  # whom the next one puts out: of equals the last
                    worst = 0
                    for other in range(1, limit):
                        if score[row, other] < score[row, worst] or (
                            score[row, other] == score[row, worst] and place[row, other] > place[row, worst]
                        ):
                            worst = other
                    lowest = score[row, worst]
