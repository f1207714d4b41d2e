"""The threshold of an index: from labelled pairs, or from groups of questions that mean the same."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from zhnlp.metrics.calibration import calibrate_threshold
from zhnlp.similarity.faq_texts import check_texts, encode

if TYPE_CHECKING:
    from zhnlp.similarity.faq_index import FAQIndex

LEAST = 30  # questions of groups below which they say too little
_SLICE = 8_192  # pairs encoded at a time
_ASKED = 1_000  # questions of groups that a threshold is taken from


class FAQCalibration(TypedDict):
    threshold: float
    """An answer counts where its cosine is at or above it."""
    precision: float
    """Expected share of right ones among the accepted; at least that asked for."""
    low: float
    high: float
    """95 % interval of the precision."""
    recall: float
    """Share of the right ones that is accepted."""
    coverage: float
    """Share of all pairs, or questions, that is accepted."""
    accepted: int
    pairs: int
    asked: float
    """The precision that was asked for."""
    source: str
    """"pairs" or "groups"."""


def calibrate_pairs(
    scores: Sequence[float], labels: Sequence[bool], precision: float = 0.95, *, source: str = "pairs"
) -> FAQCalibration:
    """The lowest threshold with that precision on scored pairs; see `zhnlp.metrics.calibrate_threshold`.

    Args:
        scores: cosines of held-out pairs.
        labels: True or 1 for pairs that mean the same.
        precision: in (0, 1].
        source: what the pairs are, for `statement`.

    Raises:
        ValueError: differing numbers, no same pair, or no threshold has that precision.

    Example:
        >>> found = calibrate_pairs([0.9, 0.8, 0.4, 0.3], [1, 1, 0, 1], precision=0.9)
        >>> round(found["threshold"], 2), found["coverage"], round(found["recall"], 2)
        (0.6, 0.5, 0.67)
        >>> print(statement(found))
        threshold 0.600: of the accepted 100.0 % are expected to be right (95 % interval 34.2-100.0 %), 66.7 % of the right ones and
        50.0 % of all are accepted; measured on 4 labelled pairs
    """
    found = calibrate_threshold(scores, labels, precision)
    coverage = found["accepted"] / found["pairs"]
    return {**found, "coverage": coverage, "asked": precision, "source": source}


def calibrate_groups(own: np.ndarray, other: np.ndarray, precision: float = 0.95) -> FAQCalibration:
    """The same from questions whose group is in the index: each is asked twice, with its group there and without.

    With it the answer is right where the own group is nearer than any other; without it, it is wrong.  So half of the
    questions are taken to have no answer, which is careful for most users.

    Args:
        own: (M,) cosine with the nearest other question of the same group.
        other: (M,) cosine with the nearest question of any other group.
        precision: in (0, 1].

    Raises:
        ValueError: no threshold has that precision.

    Example:
        >>> found = calibrate_groups(np.array([0.9, 0.8, 0.5]), np.array([0.3, 0.4, 0.6]))
        >>> round(found["threshold"], 2), found["accepted"], found["pairs"], found["source"]
        (0.7, 2, 6, 'groups')
    """
    scores = np.concatenate([np.maximum(own, other), other])
    right = np.concatenate([own > other, np.zeros(len(other), bool)])
    return calibrate_pairs(scores, right, precision, source="groups")


def group_scores(index: FAQIndex, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """``own`` and ``other`` of `calibrate_groups`, for at most 1,000 questions that share their id with another.

    Raises:
        ValueError: fewer than 30 such questions, or all of one id.
    """
    firsts = np.where(index.keep, index.entries.firsts, -1)
    _, group, sizes = np.unique(firsts, return_inverse=True, return_counts=True)
    rows = np.flatnonzero((sizes[group] > 1) & index.keep)
    if len(rows) < LEAST or len(np.unique(firsts[index.keep])) < 2:
        raise ValueError(
            f"{len(rows)} questions share their id with another: expected {LEAST} or more, of several ids, to take a threshold from. "
            "Next: index.calibrate(pairs, labels), or search(..., threshold=0.8), or threshold=None"
        )
    if len(rows) > _ASKED:
        rows = np.sort(np.random.default_rng(seed).choice(rows, _ASKED, replace=False))
    order = np.argsort(firsts, kind="stable")
    begins = np.searchsorted(firsts[order], firsts[rows])
    own, queries = np.empty(len(rows)), index.vectors.exact(rows)
    for number, row in enumerate(rows):
        mates = order[begins[number] : begins[number] + sizes[group[row]]]
        own[number] = (index.vectors.exact(mates[mates != row]) @ queries[number]).max()
    near = index.nearest(queries, 2)
    strange = (near.places >= 0) & (firsts[near.places] != firsts[rows][:, None])
    return own, np.where(strange, near.scores, -1.0).max(1)


def pair_scores(index: FAQIndex, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
    """The cosine of each pair of texts, (P,), by the encoder of the index.

    Raises:
        TypeError, ValueError: no pair, or a text that is blank or very long.
    """
    pairs = list(pairs)
    for pair in pairs:
        if isinstance(pair, str) or len(pair) != 2:
            raise ValueError(f"got {pair!r:.60} for a pair: expected two texts")
    sides = [list(side) for side in zip(*pairs)] or [[], []]
    for side in sides:
        check_texts(side, "text of a pair", index.max_characters)
    scores = [np.empty(0)]
    for begin in range(0, len(pairs), _SLICE):
        rows = slice(begin, begin + _SLICE)
        first, second = (encode(index.encoder, side[rows], index.vectors.width) for side in sides)
        scores.append(np.einsum("nd,nd->n", first, second))
    return np.concatenate(scores)


def chosen_threshold(index: FAQIndex, threshold: str | float | None) -> float | None:
    """What ``threshold`` of `FAQIndex.search` means; what "auto" rests on is said once, as a warning, unless it was calibrated.

    Raises:
        ValueError: no cosine, "auto" or None.
    """
    if threshold is None:
        return None
    if threshold != "auto":
        if isinstance(threshold, (bool, str)) or not -1 <= float(threshold) <= 1:
            raise ValueError(f"got threshold={threshold!r}: expected a cosine in [-1, 1], 'auto' or None")
        return float(threshold)
    if index.calibration is None and not index.uncalibrated:
        try:
            found = index.calibrate_from_groups()
            warnings.warn(f"{statement(found)}. Next: index.calibrate(pairs, labels)", stacklevel=3)
        except ValueError as error:
            index.uncalibrated = True
            warnings.warn(f"no threshold is known, so 'above' is None: {error}", stacklevel=3)
    return None if index.calibration is None else index.calibration["threshold"]


def statement(calibration: FAQCalibration) -> str:
    """What a calibration promises, and what it rests on, in a sentence."""
    c = {name: 100 * calibration[name] for name in ("precision", "low", "high", "recall", "coverage")}
    rests = {
        "pairs": "{:,} labelled pairs",
        "groups": "the index's own groups ({:,} questions, half of them with their group left out)",
    }[calibration["source"]]
    return (
        f"threshold {calibration['threshold']:.3f}: of the accepted {c['precision']:.1f} % are expected to be right (95 % interval "
        f"{c['low']:.1f}-{c['high']:.1f} %), {c['recall']:.1f} % of the right ones and {c['coverage']:.1f} % of all are accepted; measured on "
        f"{rests.format(calibration['pairs'])}"
    )
