"""Atrous attention by residues: positions with the same remainder see each other and no one else, so each class is a text of
its own, 1 / rate as long.

L positions.  Where the rate does not divide L, the first L mod rate classes have a position more; they are computed apart
from the others, and nothing is padded.

Source: 苏剑林, https://kexue.fm/archives/6853
"""

from __future__ import annotations

from collections.abc import Iterator

from zhnlp.nn.sparse_attention.bands import FEATURES
from zhnlp.nn.sparse_attention.slots import Strided

ROWS = 128  # queries of a class at once


def residues(length: int, rate: int, *, causal: bool, cells: int) -> Iterator[tuple[Strided, Strided]]:
    """Queries and keys of the classes; every query is there once, with all keys of its class, those ahead left out if causal.

    Classes of one size go together, up to ``cells`` pairs at once.

    Example:
        >>> [(queries.first, queries.groups, keys.items) for queries, keys in residues(10, 4, causal=False, cells=10**6)]
        [(0, 2, 3), (2, 2, 2)]
    """
    rate = min(rate, length)
    size, longer = divmod(length, rate)
    for begin, end, items in ((0, longer, size + 1), (longer, rate, size)):
        for start in range(0, items, ROWS):
            rows = min(ROWS, items - start)
            keys = start + rows if causal else items
            together = max(1, cells // (rows * max(keys, FEATURES)))
            for first in range(begin, end, together):
                groups = min(together, end - first)
                queries = Strided(first + start * rate, groups, rows, step=rate)
                yield queries, Strided(first, groups, keys, step=rate)
