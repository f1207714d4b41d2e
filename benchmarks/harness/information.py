"""Bits per character by plain counting, and joining a pair in a text: the oracle of `zhnlp.mining.entropy`.

Source: 苏剑林, https://kexue.fm/archives/5448, https://kexue.fm/archives/5476
"""

from __future__ import annotations

import re
from collections import Counter
from math import fsum, log

from harness.lexicons import HAN

_FIRST_PRIVATE = 0xF0000
_RUNS = re.compile(HAN.pattern.rstrip("+") + r"|[A-Za-z0-9]+(?:[-._/&'@+#][A-Za-z0-9]+)*[+#]{0,2}")


def entropy(counts: Counter) -> float:
    """Nats a unit."""
    total = sum(counts.values())
    return fsum(-n / total * log(n / total) for n in counts.values())


def bits_per_character(units) -> float:
    """H / l in bits, of units that are strings."""
    counts = Counter(units)
    total = sum(counts.values())
    length = sum(n * len(unit) for unit, n in counts.items()) / total
    return entropy(counts) / length / log(2)


def han_stretches(documents: list[str]) -> list[str]:
    """The stretches of Han characters of each document."""
    return [stretch for document in documents for stretch in HAN.findall(document)]


def characters_and_runs(documents: list[str]):
    """Han characters, and Latin or digit runs as one unit each, by a regular expression."""
    for document in documents:
        yield from _RUNS.findall(document)


class Units:
    """A text in units, each one private code point, so that joining a pair is one ``str.replace``."""

    def __init__(self, stretches: list[str]):
        self.text = "\n".join(stretches)
        self.spelling = {character: character for character in set(self.text) - {"\n"}}

    def measure(self) -> tuple[Counter, float, float]:
        """Counts of the units, l (characters a unit) and L (nats a character)."""
        counts = Counter(self.text)
        del counts["\n"]
        total = sum(counts.values())
        length = sum(n * len(self.spelling[unit]) for unit, n in counts.items()) / total
        return counts, length, entropy(counts) / length

    def best_pair(self, number: int) -> tuple[str, str]:
        """The pair of different units that is ``number``-th in frequency (0 = most)."""
        pairs = Counter(map("".join, zip(self.text, self.text[1:])))
        pairs = [
            pair for pair, _ in pairs.most_common(number + 200) if "\n" not in pair and pair[0] != pair[1]
        ]
        return pairs[number][0], pairs[number][1]

    def join(self, a: str, b: str) -> str:
        """Make one unit of every adjacent a, b; returns the new unit."""
        new = chr(_FIRST_PRIVATE + len(self.spelling))
        self.spelling[new] = self.spelling[a] + self.spelling[b]
        self.text = self.text.replace(a + b, new)
        return new
