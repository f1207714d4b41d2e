"""Questions that a reader does not learn from, so that they can choose its best pass: a tenth, or a share for each fold.

Source: 苏剑林, https://kexue.fm/archives/6906 (three folds by one switch)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zhnlp.reading.examples import Example

SHARE, MOST, LEAST = 0.1, 500, 40  # of questions that are held out; none of fewer than LEAST

Parts = tuple[list[Example], list[Example]]


def hold_out(rows: Sequence[Example], seed: int = 0) -> Parts:
    """Questions to train on, and those held out: a tenth, 500 at most, none of fewer than 40; one passage is on one side.

    Example:
        >>> rows = [Example("谁写的？", (f"第{number // 2}回是他写的。",)) for number in range(100)]
        >>> kept, held = hold_out(rows)
        >>> len(kept), len(held), bool({row.passages for row in kept} & {row.passages for row in held})
        (90, 10, False)
    """
    count = 0 if len(rows) < LEAST else min(MOST, round(SHARE * len(rows)))
    held: set[int] = set()
    for group in _by_passage(rows, seed):
        if len(held) + len(group) > count:
            break
        held.update(group)
    return _parted(rows, held)


def fold_parts(rows: Sequence[Example], folds: int, seed: int = 0) -> list[Parts]:
    """For each fold the questions to train on and those held out; each question is held out once.

    Raises:
        ValueError: ``folds`` is no whole number from 2 to the number of questions.

    Example:
        >>> rows = [Example("谁写的？", (f"第{number}回是他写的。",)) for number in range(6)]
        >>> [(len(kept), len(held)) for kept, held in fold_parts(rows, 3)]
        [(4, 2), (4, 2), (4, 2)]
    """
    if isinstance(folds, bool) or not isinstance(folds, int) or not 2 <= folds <= len(rows):
        raise ValueError(
            f"folds={folds!r} is not possible: expected 2 to {len(rows):,}, the number of questions"
        )
    fold_of: dict[int, int] = {}
    for number, group in enumerate(_by_passage(rows, seed)):
        fold_of |= dict.fromkeys(group, number % folds)
    if len(set(fold_of.values())) < folds:  # too few passages
        fold_of = {number: number % folds for number in range(len(rows))}
    return [
        _parted(rows, {number for number, own in fold_of.items() if own == fold}) for fold in range(folds)
    ]


def _parted(rows: Sequence[Example], held: set[int]) -> Parts:
    kept = [row for number, row in enumerate(rows) if number not in held]
    return kept, [row for number, row in enumerate(rows) if number in held]


def _by_passage(rows: Sequence[Example], seed: int) -> list[list[int]]:
    """Numbers of questions with the same first passage, the groups in an order of the seed."""
    groups: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        groups.setdefault(row.passages[0] if row.passages else "", []).append(number)
    listed = list(groups.values())
    return [listed[number] for number in np.random.default_rng(seed).permutation(len(listed))]
