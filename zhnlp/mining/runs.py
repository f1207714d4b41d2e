"""What a code point is to the miner, and where runs of Latin letters and digits begin and end."""

from __future__ import annotations

from functools import cache

import numpy as np

from zhnlp.mining.jit import compiled
from zhnlp.text.characters import Script, script_table
from zhnlp.text.width import width_table

# Classes of code points: a separator; a symbol by itself; letters and digits, which make runs; marks that join two
# letters or digits (GPT-4o, 2.4GHz, TCP/IP); marks that join likewise and may also end a run (C++, C#).
SEPARATES, ATOM, LETTER, DIGIT, INNER, INNER_OR_LAST = range(6)
_ATOMS = ("HAN", "KANA", "BOPOMOFO", "HANGUL", "LETTER")
_LETTERS = ("LATIN", "GREEK", "CYRILLIC")


@cache
def character_classes() -> np.ndarray:
    """The class of every code point, (0x110000,) uint8."""
    scripts = script_table()
    table = np.zeros(scripts.shape, np.uint8)
    for script in Script:
        if script.name in _ATOMS:
            table[scripts == script] = ATOM
        elif script.name in _LETTERS:
            table[scripts == script] = LETTER
    table[scripts == Script.DIGIT] = DIGIT
    table[[ord(mark) for mark in "-._/&'@"]] = INNER
    table[[ord(mark) for mark in "+#"]] = INNER_OR_LAST
    return table[width_table()]  # ２．４ＧＨｚ is a run like 2.4GHz


@compiled
def run_end(points, start, classes):
    """End of the mixed run of letters, digits and inner marks that begins at ``start``."""
    size = points.size
    i = start + 1
    while i < size:
        kind = classes[points[i]]
        if LETTER <= kind <= DIGIT:
            i += 1
        elif kind >= INNER and i + 1 < size and LETTER <= classes[points[i + 1]] <= DIGIT:
            i += 2
        else:
            break
    last = i
    while i < size and i < last + 2 and classes[points[i]] == INNER_OR_LAST:
        i += 1
    return i


@compiled
def piece_end(points, start, classes):
    """End of the run of letters only, or of digits only, that begins at ``start``."""
    i = start + 1
    while i < points.size and classes[points[i]] == classes[points[start]]:
        i += 1
    return i


@compiled
def mark_joins(points, i, classes):
    """Whether the mark at ``i`` stands inside a run, or ends one as in C++; only where runs are cut into pieces."""
    if i == 0 or classes[points[i - 1]] < LETTER:
        return False
    if classes[points[i]] == INNER_OR_LAST:
        return True
    after = classes[points[i + 1]] if i + 1 < points.size else 0
    return classes[points[i - 1]] < INNER and LETTER <= after <= DIGIT
