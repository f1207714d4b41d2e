"""C-value as a baseline, in plain Python: candidates from part-of-speech patterns, or from a list of n-grams.

Source: Frantzi, Ananiadou, Mima, "Automatic recognition of multi-word terms: the C-value/NC-value method", 2000.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from math import log2

from harness.lexicons import HAN

LONGEST = 5  # words of a candidate
NOUNS = ("n", "nr", "ns", "nt", "nz", "ng", "nrt", "nrfg", "vn", "an", "j", "l", "i")
ADJECTIVES = ("a", "ad", "ag", "b")
VERBS = ("v", "vd", "vg")

Candidate = tuple[str, ...]


def tagged_candidates(documents: Iterable[list[tuple[str, str]]], modifiers: Iterable[str]) -> Counter:
    """Counts of the stretches (modifier | noun)* noun of up to `LONGEST` words, the shorter ones inside them too.

    ``documents`` are (word, tag) lists; a word of other characters than Han ends a stretch.
    """
    nouns, inside = frozenset(NOUNS), frozenset((*NOUNS, *modifiers))
    stretches: Counter = Counter()
    for document in documents:
        stretch = []
        for pair in (*document, ("", "x")):
            if pair[1] in inside and HAN.fullmatch(pair[0]):
                stretch.append(pair)
            elif stretch:
                stretches[tuple(stretch)] += 1
                stretch = []
    counts: Counter = Counter()
    for stretch, times in stretches.items():
        words = tuple(word for word, _ in stretch)
        for last, (_, flag) in enumerate(stretch, 1):
            if flag in nouns:
                for first in range(max(0, last - LONGEST), last):
                    counts[words[first:last]] += times
    return counts


def c_value(
    counts: Mapping[Candidate, int], length: Callable[[Candidate], float], min_count: int
) -> dict[Candidate, float]:
    """C-value of every candidate with ``min_count`` occurrences or more.

    ``log2(length) · (f(a) - mean of f(b) over the candidates b that hold a)``; without the mean where none does.
    A candidate is a tuple of units, and holds another when that one's units stand in it side by side.
    """
    kept = {candidate: count for candidate, count in counts.items() if count >= min_count}
    sums: defaultdict[Candidate, int] = defaultdict(int)
    holders: defaultdict[Candidate, int] = defaultdict(int)
    for candidate, count in kept.items():
        size = len(candidate)
        parts = {
            candidate[first:last]
            for first in range(size)
            for last in range(first + 1, size + 1)
            if last - first < size
        }
        for part in parts & kept.keys():
            sums[part] += count
            holders[part] += 1
    return {
        candidate: log2(length(candidate))
        * (count - (sums[candidate] / holders[candidate] if candidate in holders else 0.0))
        for candidate, count in kept.items()
    }


def in_words(candidate: Candidate) -> float:
    """Length in words plus one, so that a single word has a C-value above 0."""
    return len(candidate) + 1


def in_characters(candidate: Candidate) -> float:
    """Length in characters."""
    return sum(map(len, candidate))


def ranked(values: Mapping[Candidate, float]) -> list[str]:
    """The texts of the candidates, highest value first; a text that several candidates spell stands at its first."""
    order = sorted(values.items(), key=lambda item: (-item[1], item[0]))
    return list(dict.fromkeys("".join(candidate) for candidate, _ in order))
