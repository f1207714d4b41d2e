"""Minimum-entropy de-redundancy: delete the words that their own pieces explain almost as well.

Source: 苏剑林, https://kexue.fm/archives/5476, https://kexue.fm/archives/5597
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from zhnlp.mining.jit import compiled
from zhnlp.mining.segmentation.units import mark_units
from zhnlp.mining.segmentation.wordtrie import build_trie, child_of
from zhnlp.text.characters import code_points


class Removed(NamedTuple):
    """A word that was deleted, and why: its gain over its pieces (nats) did not exceed the margin (nats)."""

    word: str
    count: float  # when it was deleted, with what longer words had given it
    pieces: tuple[str, ...]
    gain: float
    margin: float

    @property
    def reason(self) -> str:
        """One line that says why."""
        return f"{' + '.join(self.pieces)} explain it: gain {self.gain:.2f} ≤ {self.margin:.2f} nats"


@compiled
def _sweep(order, ends, points, unit, trie, node_of, word_of, counts, logs, total, margin, gain, cut):
    """Test the words in ``order``; marks where deleted ones come apart in ``cut``; returns the new total."""
    room = 0
    for word in order:
        room = max(room, ends[word + 1] - ends[word] - 1)
    best = np.empty(room + 1)
    back = np.empty(room + 1, np.int64)
    piece = np.empty(room + 1, np.int64)
    for word in order:
        begin = ends[word]
        size = ends[word + 1] - begin - 1  # a line end stands behind each word
        log_total = np.log(total)
        best[0] = 0.0
        best[1 : size + 1] = -np.inf
        for i in range(size):
            if unit[begin + i] == 0 or best[i] == -np.inf:
                continue
            node = np.int64(trie.symbols[points[begin + i]])
            j = i + 1
            while node != 0 and j <= size:
                other = word_of[node]
                if other >= 0 and other != word and unit[begin + j] != 0:
                    score = best[i] + logs[other] - log_total
                    if score > best[j]:
                        best[j] = score
                        back[j] = i
                        piece[j] = other
                if j == size or not trie.inner[node] or trie.symbols[points[begin + j]] == 0:
                    break
                node = child_of(trie, node, trie.symbols[points[begin + j]])
                j += 1
        gain[word] = logs[word] - log_total - best[size]
        if gain[word] > margin[word]:
            continue
        j = size
        while j > 0:
            cut[begin + j] = 1
            counts[piece[j]] += counts[word]
            logs[piece[j]] = np.log(counts[piece[j]])
            total += counts[word]
            j = back[j]
        total -= counts[word]
        logs[word] = -np.inf
    return total


def remove_redundant(
    counts: Mapping[str, float], *, margin: str | float = "length"
) -> tuple[dict[str, float], list[Removed]]:
    """Delete every word w with ln p(w) − Σ ln p(pieces) ≤ margin and give its count to its pieces, longest first.

    The pieces are the best segmentation of w by the other words that are still there; a word that these cannot
    spell stays, and so does every single character or run of letters and digits.  Words of one length go by
    rising count, then by text.  The total number of words grows with each deletion, as it does when a text is
    written in the pieces.

    Args:
        counts: how often each word was found (> 0).
        margin: gain at or below which a word goes, in nats (any finite number), or "length": its characters less one,
            a run such as 5G counting as one character (the threshold of nlp-zero).

    Returns:
        The counts that are left, in the order given, and the deleted words in the order of their deletion.

    Raises:
        ValueError: a count is not positive and finite, a word is empty or has a line end, or ``margin`` is neither
            "length" nor a finite number.

    Example:
        >>> counts = {"的": 900, "研究": 300, "的研究": 150, "研究生": 80, "生": 20}
        >>> left, removed = remove_redundant(counts)
        >>> left
        {'的': 1050, '研究': 450, '研究生': 80, '生': 20}
        >>> removed[0].reason
        '的 + 研究 explain it: gain -0.22 ≤ 2.00 nats'

    Source: 苏剑林, https://kexue.fm/archives/5476, https://kexue.fm/archives/5597
    """
    by_length = margin == "length"
    if not by_length and (isinstance(margin, str) or not math.isfinite(margin)):
        raise ValueError(f'margin={margin!r} is not known: expected "length" or a finite number of nats')
    for word, count in counts.items():
        if not word or "\n" in word or not (count > 0 and math.isfinite(count)):
            raise ValueError(
                f"got {word!r} with count {count!r}, expected a word without a line end and a count above 0; "
                "drop such rows before remove_redundant"
            )
    words = list(counts)
    if not words:
        return {}, []
    trie, node_of = build_trie(words)
    points = code_points("\n".join(words) + "\n")
    unit = mark_units(points)
    ends = np.zeros(len(words) + 1, np.int64)
    np.cumsum(np.fromiter((len(word) + 1 for word in words), np.int64, len(words)), out=ends[1:])
    units = np.add.reduceat(unit[1:].astype(np.int64), ends[:-1]) - 1  # the line end is a unit too
    values = np.fromiter(counts.values(), np.float64, len(words))
    word_of = np.full(trie.inner.size, -1, np.int32)
    word_of[node_of] = np.arange(len(words))
    margins = units - 1.0 if by_length else np.full(len(words), float(margin))
    several = np.flatnonzero(units > 1)
    alphabetical = np.argsort(np.array(words, dtype=object)[several], kind="stable")
    several = several[alphabetical]
    several = several[np.lexsort((values[several], -units[several]))]
    gain, cut, logs = np.zeros(len(words)), np.zeros(points.size, np.uint8), np.log(values)
    total = values.sum()
    _sweep(several, ends, points, unit, trie, node_of, word_of, values, logs, total, margins, gain, cut)
    whole = all(isinstance(count, int) for count in counts.values())
    numbers = [round(value) for value in values.tolist()] if whole else values.tolist()
    gone = np.isneginf(logs)
    left = {word: number for word, number, dead in zip(words, numbers, gone.tolist()) if not dead}
    removed = []
    for w in several[gone[several]].tolist():
        at = [0, *(np.flatnonzero(cut[ends[w] : ends[w + 1]])).tolist()]
        pieces = tuple(words[w][a:b] for a, b in pairwise(at))
        removed.append(Removed(words[w], numbers[w], pieces, float(gain[w]), float(margins[w])))
    return left, removed
