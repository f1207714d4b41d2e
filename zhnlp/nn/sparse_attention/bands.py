"""Local attention in blocks: a block of queries sees one window of keys, so that the band is covered and little else.

L positions.  With blocks of b queries and radius r a window has b + 2 r keys, of which a query sees 2 r + 1.

Source: 苏剑林, https://kexue.fm/archives/6853; Beltagy et al. 2020, https://arxiv.org/abs/2004.05150
"""

from __future__ import annotations

from collections.abc import Iterator

from zhnlp.nn.sparse_attention.slots import Strided

LEAST, MOST = 32, 64  # queries of a block
FEATURES = 64  # of a usual head: with fewer keys than this, queries are what takes memory


def bands(length: int, radius: int, *, causal: bool, cells: int) -> Iterator[tuple[Strided, Strided]]:
    """Queries and keys of the blocks; every query is in one block, and its block has all keys at most ``radius`` away.

    Blocks whose windows lie inside the row go together, up to ``cells`` pairs at once; those at the ends go alone.

    Example:
        >>> [(queries.first, queries.groups, keys.first, keys.items) for queries, keys in bands(300, 64, causal=False, cells=10**6)]
        [(64, 2, 0, 192), (0, 1, 0, 128), (192, 1, 128, 172), (256, 1, 192, 108)]
    """
    radius = min(radius, length - 1)
    block, after = min(max(radius, LEAST), MOST), 0 if causal else radius
    window = block + radius + after
    inner = range(-(-radius // block), (length - after) // block)  # blocks with a whole window
    together = max(1, cells // (block * max(window, FEATURES)))
    for start in range(inner.start, inner.stop, together):
        groups = min(together, inner.stop - start)
        first = start * block
        yield Strided(first, groups, block, block), Strided(first - radius, groups, window, block)
    for number in range(-(-length // block)):
        if number not in inner:
            first = number * block
            last = min(first + block, length)
            begin, end = max(0, first - radius), min(length, last + after)
            yield Strided(first, 1, last - first), Strided(begin, 1, end - begin)
