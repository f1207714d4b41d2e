"""Spans from chances: where an answer begins and where it ends, at most so long, best first.

B passages, L tokens of a passage (characters, words or pieces), M tokens of the longest span, N spans.

The scores of all spans are one band (B, L, M): [b, i, w] is that of the w + 1 tokens from i, the chance of i as a start times
that of i + w as an end, and 0 where there is no such span.  Everything else reads bands: `candidates` for votes over
passages, `n_best` for a list, `zhnlp.reading.long_passages.merge_windows` for long passages.

Source: 苏剑林, https://kexue.fm/archives/5409, https://kexue.fm/archives/6906
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypedDict

import numpy as np

THRESHOLD, LONGEST = 0.1, 12  # of the posts; answers of CMRC2018 are longer


class Spans(NamedTuple):
    """N spans; all arrays are (N,).

    Attributes:
        row: passage of each, from 0.
        start, end: its tokens, end exclusive.
        score: above 0, up to 1.
    """

    row: np.ndarray
    start: np.ndarray
    end: np.ndarray
    score: np.ndarray


class Answer(TypedDict):
    answer: str
    start: int
    end: int


def sigmoid_chances(start: Any, end: Any, passage: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Chances of starts and ends, each by itself, times that of the passage: 2 × (B, L) float32.

    Nothing makes them sum to 1, so a passage may have no answer, or the same one several times.

    Args:
        start, end: logits (B, L).
        passage: logits (B,) that the passage has an answer; None for 1.

    Example:
        >>> start, end = sigmoid_chances([[0.0, 40.0]], [[0.0, 40.0]], [0.0])
        >>> start.tolist()
        [[0.25, 0.5]]
    """
    start, end = _rows(start, "start"), _rows(end, "end")
    whole = np.float32(1) if passage is None else _sigmoid(_array(passage))[:, None]
    return _sigmoid(start) * whole, _sigmoid(end) * whole


def softmax_chances(
    start: Any, end: Any, mask: Any = None, groups: Any = None
) -> tuple[np.ndarray, np.ndarray]:
    """Chances of starts and ends that sum to 1 over all rows of a question together: 2 × (B, L) float32.

    Over each row alone the chances of two passages, or of two windows of one, could not be compared.

    Args:
        start, end: logits (B, L).
        mask: (B, L), 1 where a token may start or end an answer; None where all may.
        groups: (B,), the number of the question that each row belongs to; None where all belong to one.

    Example:
        >>> start, end = softmax_chances([[0.0, 0.0], [0.0, 9.0]], [[0.0, 0.0], [0.0, 0.0]], [[1, 1], [1, 0]])
        >>> start.astype(float).round(2).tolist()
        [[0.33, 0.33], [0.33, 0.0]]

    Source: Clark and Gardner 2018, https://arxiv.org/abs/1710.10723 (one softmax over several paragraphs)
    """
    start, end = _rows(start, "start"), _rows(end, "end")
    groups = np.zeros(len(start), np.int64) if groups is None else np.unique(groups, return_inverse=True)[1]
    return tuple(_softmax(logits, mask, groups) for logits in (start, end))


def span_scores(
    start: Any, end: Any, *, max_length: int = LONGEST, threshold: float = THRESHOLD, mask: Any = None
) -> np.ndarray:
    """The band (B, L, M) float32 of the scores of all spans, 0 for what is none.

    The product of both chances is better than its square root by a point in post 5409.

    Args:
        start, end: chances (B, L) in [0, 1], of `sigmoid_chances` or `softmax_chances`.
        max_length: tokens of the longest span, M.
        threshold: chances must be above it.
        mask: (B, L), 1 where a token may start or end an answer; None where all may.

    Raises:
        ValueError: shapes that differ, chances outside [0, 1], or a length below 1.

    Example:
        >>> span_scores([[0.5, 0.0, 0.25]], [[0.0, 0.5, 1.0]], max_length=2).tolist()
        [[[0.0, 0.25], [0.0, 0.0], [0.25, 0.0]]]
    """
    start, end = (
        _chances(chances, name, threshold, mask) for chances, name in ((start, "start"), (end, "end"))
    )
    if start.shape != end.shape:
        raise ValueError(
            f"start has the shape {start.shape} and end {end.shape}: expected as many chances of both"
        )
    if max_length < 1:
        raise ValueError(f"max_length={max_length} is not possible: expected 1 token or more")
    rows, length = start.shape
    band = np.zeros((rows, length, max_length), np.float32)
    for wider in range(min(max_length, length)):
        np.multiply(start[:, : length - wider], end[:, wider:], out=band[:, : length - wider, wider])
    return band


def candidates(band: np.ndarray, *, limit: int = 1000) -> Spans:
    """All spans of a band, by row, then start, then end; of a row with more than ``limit`` of them the best ones.

    Example:
        >>> spans = candidates(span_scores([[0.5, 0.5]], [[0.5, 1.0]]))
        >>> list(zip(spans.start.tolist(), spans.end.tolist(), spans.score.tolist()))
        [(0, 1, 0.25), (0, 2, 0.5), (1, 2, 0.5)]
    """
    rows, length, longest = band.shape
    flat, least = band.reshape(rows, length * longest), 0
    if flat.shape[1] > limit:  # nobody below the last that can be kept is looked at
        least = np.partition(flat, flat.shape[1] - limit, axis=1)[:, flat.shape[1] - limit, None]
    row, place = np.nonzero((flat > 0) & (flat >= least))
    score = flat[row, place]
    start, wider = np.divmod(place, longest)
    counts = np.bincount(row, minlength=len(band))
    if counts.size and counts.max() > limit:
        order = np.lexsort((wider, start, -score, row))
        rank = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        keep = np.sort(order[rank < limit])
        row, start, wider, score = row[keep], start[keep], wider[keep], score[keep]
    return Spans(row, start, start + wider + 1, score)


def n_best(band: np.ndarray, n: int = 1) -> Spans:
    """The ``n`` best spans of each row, no two with a token in common, by row, then best first.

    The best one is exact: no other span scores higher.  Each further one is the best of those that share no token with one
    before.  Of equals the one that starts first, then the shorter one.  A row has fewer where there are no more.

    Raises:
        ValueError: ``n`` is below 1.

    Example:
        >>> band = span_scores([[0.9, 0.8, 0.0, 0.5]], [[0.8, 0.9, 0.0, 0.5]])
        >>> spans = n_best(band, 2)
        >>> list(zip(spans.start.tolist(), spans.end.tolist())), spans.score.astype(float).round(2).tolist()
        ([(0, 2), (3, 4)], [0.81, 0.25])
    """
    if n < 1:
        raise ValueError(f"n={n} is not possible: expected 1 span or more")
    rows, length, longest = band.shape
    if not band.size:
        return Spans(*(np.zeros(0, kind) for kind in (np.int64, np.int64, np.int64, np.float32)))
    left = band.copy() if n > 1 else band
    places, widths = np.arange(length)[:, None], np.arange(longest)
    found = []
    for _ in range(n):
        flat = left.reshape(rows, -1)
        best = flat.argmax(1)  # the first of equals: starts first, then shorter
        score = flat[np.arange(rows), best]
        row = np.flatnonzero(score > 0)
        if not row.size:
            break
        start, wider = np.divmod(best[row], longest)
        found.append(Spans(row, start, start + wider + 1, score[row]))
        if n > 1:
            apart = (places + widths < start[:, None, None]) | (places > (start + wider)[:, None, None])
            left[row] = np.where(apart, left[row], 0)
    if not found:
        return candidates(band)
    spans = Spans(*map(np.concatenate, zip(*found)))
    order = np.argsort(spans.row, kind="stable")
    return Spans(*(part[order] for part in spans))


def cut(text: str, start: int, end: int, offsets: Sequence[Sequence[int]] | None = None) -> Answer:
    """The answer of the tokens ``start:end`` with its place: ``text[answer["start"]:answer["end"]] == answer["answer"]``.

    It is cut from the user's own string, never decoded; blanks at its ends are left out.  Tokens that stand for no character
    ([SEP]) make an empty answer.

    Args:
        text: the passage.
        start, end: tokens, end exclusive.
        offsets: characters of each token, as a fast tokenizer gives them; None where each character is a token.

    Raises:
        IndexError: there are no such tokens.

    Example:
        >>> cut("他用ＧＰＵ 😀", 2, 6)
        {'answer': 'ＧＰＵ', 'start': 2, 'end': 5}
        >>> cut("用 iphone 打电话", 1, 3, [(0, 1), (2, 3), (3, 8), (9, 10), (10, 11), (11, 12)])
        {'answer': 'iphone', 'start': 2, 'end': 8}
    """
    tokens = len(text) if offsets is None else len(offsets)
    if not 0 <= start <= end <= tokens:
        raise IndexError(f"span {start}:{end} is not inside the {tokens} tokens of the passage")
    if offsets is not None:
        covered = [(first, last) for first, last in offsets[start:end] if last > first]
        start = min((first for first, _ in covered), default=0)
        end = max((last for _, last in covered), default=0)
    start, end = int(start), int(end)
    answer = text[start:end]
    if answer and not answer[0].isspace() and not answer[-1].isspace():
        return {"answer": answer, "start": start, "end": end}
    answer = answer.rstrip()
    end = start + len(answer)
    answer = answer.lstrip()
    return {"answer": answer, "start": end - len(answer), "end": end}


def _chances(chances: Any, name: str, threshold: float, mask: Any) -> np.ndarray:
    """(B, L) float32, 0 for what is not above the threshold, or masked."""
    found = _rows(chances, name)
    if found.size and not (found.min() >= 0 and found.max() <= 1 + 1e-6):
        raise ValueError(
            f"{name} holds {found.min():.3g} to {found.max():.3g}: expected chances in [0, 1]. Likely logits. "
            "Next: sigmoid_chances or softmax_chances"
        )
    keep = found > threshold
    if mask is not None:
        keep &= _array(mask) != 0
    return np.where(keep, np.minimum(found, 1), 0)


def _softmax(logits: np.ndarray, mask: Any, groups: np.ndarray) -> np.ndarray:
    if not logits.size:
        return logits
    hidden = np.zeros(logits.shape, bool) if mask is None else _array(mask) == 0
    logits = np.where(hidden, -np.inf, logits.astype(np.float64))
    most = np.full(groups.max() + 1, -np.inf)
    np.maximum.at(most, groups, logits.max(1))
    most[~np.isfinite(most)] = 0
    shares = np.exp(logits - most[groups, None])
    totals = np.bincount(groups, shares.sum(1))
    totals[totals == 0] = 1
    return (shares / totals[groups, None]).astype(np.float32)


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return (0.5 + 0.5 * np.tanh(0.5 * logits)).astype(np.float32)


def _rows(values: Any, name: str) -> np.ndarray:
    found = _array(values)
    if found.ndim != 2:
        raise ValueError(f"{name} got the shape {found.shape}: expected (passages, tokens)")
    return found


def _array(values: Any) -> np.ndarray:
    """float32 of lists, arrays, or tensors wherever they lie."""
    if hasattr(values, "detach"):
        values = values.detach().cpu().float().numpy()
    return np.asarray(values, np.float32)
