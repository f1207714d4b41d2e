"""Information per character, and what joining units saves: the minimum-entropy principle (posts 5448, 5476).

Text written in units i of length l_i has H = -Σ p_i ln p_i nats a unit, l = Σ p_i l_i characters a unit and
L = H / l nats a character.  Joining every adjacent a, b into one unit changes L by exactly -F_ab / l.

Source: 苏剑林, https://kexue.fm/archives/5448, https://kexue.fm/archives/5476
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike

from zhnlp.mining.links import weakest_split
from zhnlp.mining.trie import Trie

NATS_PER_BIT = float(np.log(2))


def _x_log(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """x ln y with 0 ln 0 = 0."""
    return np.where(x > 0, x * np.log(np.where(x > 0, y, 1.0)), 0.0)


def merge_gain(
    joint: ArrayLike, parts: ArrayLike, total: ArrayLike, *, first_order: bool = False
) -> np.ndarray:
    """F: the nats saved per old unit by joining k adjacent units into one; L falls by F / l.

    Args:
        joint: occurrences of the joined unit, (…,).
        parts: occurrences of its k parts before the join, (…, k), each at least ``joint``.  A part that occurs
            twice in the joined unit has no exact form here.
        total: number of units in the corpus before the join.
        first_order: return p (PMI - 1) instead, which is never larger.

    Example:
        >>> float(merge_gain(10, [20, 30], 1000).round(6)), float(merge_gain(10, [20, 30], 1000, first_order=True).round(6))
        (0.023043, 0.018134)
    """
    total = np.asarray(total, np.float64)
    p = np.asarray(joint, np.float64) / total
    q = np.asarray(parts, np.float64) / total[..., None]
    k = q.shape[-1]
    pmi = np.log(p) - np.log(q).sum(axis=-1)
    if first_order:
        return p * (pmi - 1)
    rest = 1 - (k - 1) * p
    left = q - p[..., None]
    return p * pmi - _x_log(rest, rest) + _x_log(left, left / q).sum(axis=-1)


@dataclass(frozen=True)
class Information:
    """Information of a text written in units: ``bits_per_unit`` H, ``length`` l (characters), ``bits_per_character`` L."""

    units: int
    kinds: int
    bits_per_unit: float
    length: float
    bits_per_character: float

    @classmethod
    def of(cls, counts: ArrayLike, lengths: ArrayLike) -> Information:
        """From how often each kind of unit occurs and how many characters it has."""
        counts = np.asarray(counts, np.float64)
        used = counts > 0
        counts, lengths = counts[used], np.asarray(lengths, np.float64)[used]
        total = counts.sum()
        if total == 0:
            return cls(0, 0, 0.0, 0.0, 0.0)
        entropy = float(np.log(total) - (counts * np.log(counts)).sum() / total) / NATS_PER_BIT
        length = float((counts * lengths).sum() / total)
        return cls(int(total), int(used.sum()), entropy, length, entropy / length)


@dataclass(frozen=True)
class EntropyReport:
    """The information of a corpus in characters and in words."""

    characters: Information
    words: Information

    def as_dict(self) -> dict[str, dict[str, float]]:
        """Plain numbers, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        rows = [("characters", self.characters), ("words", self.words)]
        head = f"{'units':<12}{'number':>14}{'kinds':>10}{'bits/unit':>11}{'char/unit':>11}{'bits/char':>11}"
        body = [
            f"{name:<12}{i.units:>14,}{i.kinds:>10,}{i.bits_per_unit:>11.3f}{i.length:>11.3f}{i.bits_per_character:>11.3f}"
            for name, i in rows
        ]
        return "\n".join([head, *body])


def entropy_gain(trie: Trie, nodes: np.ndarray, *, first_order: bool = False) -> np.ndarray:
    """F_ab of each node at its weakest split, in nats per symbol of the corpus, (M,); 0 for single symbols.

    Example:
        >>> from zhnlp.mining.count import count_ngrams
        >>> from zhnlp.mining.encode import encode_texts
        >>> trie = count_ngrams(encode_texts(["电网电网，电站电网"]), min_count=3)
        >>> node = trie.find([trie.alphabet.index[c] for c in "电网"])
        >>> float(entropy_gain(trie, np.array([node]))[0].round(6)), float(merge_gain(3, [4, 3], 8).round(6))
        (0.380396, 0.380396)
    """
    nodes = np.asarray(nodes, np.int64)
    left, right = np.ones(nodes.size), np.ones(nodes.size)
    weakest_split(trie.count, trie.parent, trie.suffix, nodes, left, right)
    joint = trie.count[nodes].astype(np.float64)
    single = trie.depth[nodes] == 1
    left[single] = right[single] = joint[single]
    gain = merge_gain(
        joint,
        np.stack([left, right], axis=-1),
        np.full(nodes.size, float(max(trie.total, 1))),
        first_order=first_order,
    )
    return np.where(single, 0.0, gain)
