"""What the question has in common with the text around each unit of a passage, compiled.

n units of the question, N units of all passages together, V numbers of units.

Source: 苏剑林, https://kexue.fm/archives/5409; Hyyrö 2003, A Bit-Vector Algorithm for Computing Levenshtein and Damerau Edit
Distances (64 cells of a column of the usual table at once)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zhnlp.mining.jit import compiled

PADDING = 0  # a unit that equals nothing but itself

_NONE, _ONE, _BITS = np.uint64(0), np.uint64(1), 64


def window_features(passages: Sequence[np.ndarray], question: np.ndarray, units: int) -> np.ndarray:
    """Jaccard index and edit distance over n of the question and the window of each unit, (N, 2) float32.

    The window has n units, from n // 2 before the unit on, `PADDING` beyond the ends of its passage.

    Args:
        passages: numbers of units, 1 to below ``units``, (L,) int64 each.
        question: (n,) int64, n ≥ 1.
        units: V.

    Example:
        >>> window_features([np.array([4, 3, 5])], np.array([1, 2, 3]), 6).astype(float).round(3).tolist()
        [[0.2, 0.667], [0.2, 1.0], [0.2, 1.0]]
    """
    together = np.concatenate([np.zeros(0, np.int64), *passages])
    ends = np.cumsum([len(row) for row in passages], dtype=np.int64)
    found = np.zeros((len(together), 2), np.float32)
    masks = _masks(question, units)
    asked = np.zeros(units, np.bool_)
    asked[question] = True
    _similar(together, ends, asked, len(question), found)
    _distant(together, ends, masks, len(question), found)
    return found


def passages_having(passages: Sequence[np.ndarray], units: int) -> np.ndarray:
    """(V,) int64: how many passages have each unit.

    Example:
        >>> passages_having([np.array([1, 2, 2]), np.array([2])], 4).tolist()
        [0, 1, 2, 0]
    """
    together = np.concatenate([np.zeros(0, np.int64), *passages])
    ends = np.cumsum([len(row) for row in passages], dtype=np.int64)
    found = np.zeros(units, np.int64)
    _having(together, ends, np.full(units, -1, np.int64), found)
    return found


def _masks(target: np.ndarray, units: int) -> np.ndarray:
    """(V, blocks) uint64: bit i of a unit is 1 where it stands at place i of the target."""
    masks = np.zeros((units, -(-len(target) // _BITS)), np.uint64)
    for place, unit in enumerate(target.tolist()):
        masks[unit, place // _BITS] |= _ONE << np.uint64(place % _BITS)
    return masks


@compiled
def _having(together, ends, last, out):
    begin = 0
    for number in range(ends.size):
        for place in range(begin, ends[number]):
            unit = together[place]
            if last[unit] != number:
                last[unit] = number
                out[unit] += 1
        begin = ends[number]


@compiled
def _distance(row, masks, size, column):
    """Distance of ``row`` to a target of ``size`` ≥ 1 units; a column of the table holds differences, +1 and -1 as bits."""
    up, down = column
    up[:] = ~_NONE
    down[:] = _NONE
    blocks = masks.shape[1]
    top = _ONE << np.uint64((size - 1) % _BITS)
    distance = size
    for unit in row:
        carry = 1
        for block in range(blocks):
            equal = masks[unit, block]
            vertical = equal | down[block]
            if carry < 0:
                equal |= _ONE
            horizontal = (((equal & up[block]) + up[block]) ^ up[block]) | equal
            plus = down[block] | ~(horizontal | up[block])
            minus = up[block] & horizontal
            last = top if block == blocks - 1 else _ONE << np.uint64(_BITS - 1)
            before, carry = carry, 0
            if plus & last:
                carry = 1
            elif minus & last:
                carry = -1
            plus <<= _ONE
            minus <<= _ONE
            if before > 0:
                plus |= _ONE
            elif before < 0:
                minus |= _ONE
            up[block] = minus | ~(vertical | plus)
            down[block] = plus & vertical
        distance += carry
    return distance


@compiled
def _distant(together, ends, masks, size, out):
    window = np.empty(size, np.int64)
    column = np.empty((2, masks.shape[1]), np.uint64)
    begin = 0
    for end in ends:
        for place in range(begin, end):
            first = place - size // 2
            for step in range(size):
                at = first + step
                window[step] = together[at] if begin <= at < end else PADDING
            out[place, 1] = _distance(window, masks, size, column) / size
        begin = end


@compiled
def _similar(together, ends, asked, size, out):
    """A unit comes in, another goes out: how many different ones there are is known at each step."""
    counts = np.zeros(asked.size, np.int64)
    of_question = asked.sum()
    behind = size - 1 - size // 2
    begin = 0
    for end in ends:
        counts[:] = 0
        counts[PADDING] = size
        different, shared = 1, 0
        for last in range(begin, end + behind):
            new = together[last] if last < end else PADDING
            old = together[last - size] if last - size >= begin else PADDING
            counts[new] += 1
            if counts[new] == 1:
                different += 1
                shared += asked[new]
            counts[old] -= 1
            if counts[old] == 0:
                different -= 1
                shared -= asked[old]
            if last - behind >= begin:
                out[last - behind, 0] = shared / (different + of_question - shared)
        begin = end
