"""Units: the smallest parts of a text, which no segmentation ever cuts.

A unit is one character with the marks behind it, one whole run of letters and digits (GPT-4o, 2.4GHz, C++: the
runs of `zhnlp.mining.encode`), one emoji with its modifiers and joiners, a flag, or one …… or ——.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np

from zhnlp.mining.jit import compiled
from zhnlp.mining.runs import DIGIT, LETTER, character_classes, piece_end, run_end
from zhnlp.text.characters import Script, code_points, script_table

SINGLE, RUN, BLANK, MARK, REPEATED, JOINER, EMOJI, FLAG = range(8)


@cache
def unit_kinds() -> np.ndarray:
    """What each code point is to a unit, (0x110000,) uint8; built once."""
    scripts, classes = script_table(), character_classes()
    kinds = np.full(scripts.shape, SINGLE, np.uint8)
    kinds[(classes == LETTER) | (classes == DIGIT)] = RUN
    kinds[scripts == Script.SPACE] = BLANK
    kinds[scripts == Script.MARK] = MARK
    kinds[scripts == Script.EMOJI] = EMOJI
    kinds[0x1F1E6:0x1F200] = FLAG  # two regional letters make a flag
    kinds[0x1F3FB:0x1F400] = MARK  # skin tones
    kinds[0xE0020:0xE0080] = MARK  # tags of regional flags
    kinds[0x200D] = JOINER
    kinds[[ord(c) for c in "…⋯—―─"]] = REPEATED
    kinds.flags.writeable = False
    return kinds


@compiled
def _unit_end(points, start, split, kinds, classes):
    size = points.size
    kind = kinds[points[start]]
    if kind == 1:
        end = piece_end(points, start, classes) if split else run_end(points, start, classes)
    else:
        end = start + 1
    if kind == 2:
        return end
    if kind == 4:
        while end < size and points[end] == points[start]:
            end += 1
    elif kind == 7 and end < size and kinds[points[end]] == 7:
        end += 1
    marked = False
    while end < size:
        behind = kinds[points[end]]
        if behind == 3 or behind == 5:
            end += 1
            marked = True
            if behind == 5 and kind == 6 and end < size and kinds[points[end]] == 6:
                end += 1
        elif marked and kind == 1 and behind == 1 and not split:  # a letter with a combining mark, then more
            end = run_end(points, end, classes)
            marked = False
        else:
            break
    return end


@compiled
def _mark_units(points, split, kinds, classes, unit):
    unit[:] = 0
    unit[0] = 1
    end = 0
    last = points.size - 1
    while end <= last:
        if end < last and kinds[points[end]] == 0:  # nearly all: a character with no mark behind it
            behind = kinds[points[end + 1]]
            if behind != 3 and behind != 5:
                end += 1
                unit[end] = 1
                continue
        end = _unit_end(points, end, split, kinds, classes)
        unit[end] = 1


def mark_units(points: np.ndarray, split: bool = False) -> np.ndarray:
    """Whether a unit ends before each place of a text, (n + 1,) uint8; the first and last entries are 1.

    Args:
        points: (n,) uint32 code points.
        split: cut runs into parts that are all letters or all digits (the "token" mode of the encoder).
    """
    unit = np.empty(points.size + 1, np.uint8)
    _mark_units(points, split, unit_kinds(), character_classes(), unit)
    return unit


def split_units(text: str, split: bool = False) -> list[str]:
    """The units of a text, blanks included.

    Example:
        >>> split_units("用C++写5G基站……")
        ['用', 'C++', '写', '5G', '基', '站', '……']
    """
    at = np.flatnonzero(mark_units(code_points(text), split)).tolist()
    return [text[a:b] for a, b in pairwise(at)]
