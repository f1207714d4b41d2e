"""A seeded sample of whole documents."""

from __future__ import annotations

import random
from collections.abc import Iterable


def sample(documents: Iterable[str], limit: int, seed: int = 0) -> list[str]:
    """Documents that are not blank, in a seeded order until they have ``limit`` characters, the last one cut.

    Args:
        limit: characters; 0 for all documents.
        seed: of the order.

    Raises:
        ValueError: ``limit`` is negative.

    Example:
        >>> [len(document) for document in sample(["天地玄黄", " ", "宇宙洪荒"], 6)]
        [4, 2]
    """
    if limit < 0:
        raise ValueError(f"limit is {limit}: expected a number of characters, or 0 for all documents")
    rows = [document for document in documents if document.strip()]
    random.Random(seed).shuffle(rows)
    if not limit:
        return rows
    chosen, left = [], limit
    for row in rows:
        if left <= 0:
            break
        chosen.append(row[:left])
        left -= len(row)
    return chosen
