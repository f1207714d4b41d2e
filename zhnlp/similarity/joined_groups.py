"""Groups out of pairs: texts that are the same as a third are the same (post 5743's data, made of public pairs)."""

from __future__ import annotations

from collections.abc import Iterable

from zhnlp.similarity.examples import Examples


def join_pairs(pairs: Examples, *, least: int = 2, most: int | None = None) -> Examples:
    """The groups into which the positive pairs join their texts, in the order of first occurrence.

    A chain of pairs can join what no annotator called the same; ``most`` leaves out the groups that grew so.

    Args:
        pairs: positive are those with a label above 0, or all without labels; the others join nothing.
        least, most: texts of a group.

    Raises:
        ValueError: no pair joins anything.

    Example:
        >>> pairs = Examples.of("pairs", [("退款", "退钱", 1), ("退钱", "怎么退", 1), ("退款", "发货", 0)])
        >>> groups = join_pairs(pairs)
        >>> groups.columns[0], groups.labels
        (['退款', '退钱', '怎么退'], [0, 0, 0])
    """
    if pairs.form != "pairs":
        raise ValueError(f"got {pairs.form}: expected pairs")
    parent: dict[str, str] = {}

    def root(text: str) -> str:
        parent.setdefault(text, text)
        while parent[text] != text:
            parent[text] = text = parent[parent[text]]
        return text

    labels: Iterable[float] = [1.0] * len(pairs) if pairs.labels is None else pairs.labels
    for first, second, label in zip(*pairs.columns, labels):
        if label > 0:
            a, b = root(first), root(second)
            parent[b] = a
    members: dict[str, list[str]] = {}
    for text in parent:
        members.setdefault(root(text), []).append(text)
    kept = [texts for texts in members.values() if least <= len(texts) <= (most or len(texts))]
    if not kept:
        raise ValueError(
            f"{len(pairs):,} pairs join no group of {least} texts or more: expected pairs with a label above 0"
        )
    return Examples.of("groups", ((number, text) for number, texts in enumerate(kept) for text in texts))
