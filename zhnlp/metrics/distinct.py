"""Variety of generated texts: how many of their n-grams are new, and how many come again inside one text."""

from __future__ import annotations

from collections.abc import Iterable


def distinct_n(texts: Iterable[str], n: int) -> float:
    """Different n-grams of all texts together over all their n-grams, in [0, 1]; 0 where there is none.

    Falls with the number of texts, so only equally many texts compare.  White space is left out and case is folded to
    lower.

    Args:
        texts: generated texts.
        n: characters of an n-gram, 1 or more.

    Raises:
        TypeError: one str in place of a list.
        ValueError: ``n`` is below 1.

    Example:
        >>> distinct_n(["天地", "天空"], 1), distinct_n(["天地", "天空"], 2)
        (0.75, 1.0)

    References:
        Li et al., "A Diversity-Promoting Objective Function for Neural Conversation Models", 2016,
        aclanthology.org/N16-1014
    """
    grams = [gram for text in ngrams(texts, n) for gram in text]
    return len(set(grams)) / max(len(grams), 1)


def repetition(texts: Iterable[str], n: int = 4) -> float:
    """Share of n-grams that stood in the same text before, in [0, 1]; 0 where there is none.

    A beam that goes round in circles is above 0.1, a title written by a person hardly above 0.

    Args:
        texts: generated texts.
        n: characters of an n-gram, 1 or more.

    Raises:
        TypeError: one str in place of a list.
        ValueError: ``n`` is below 1.

    Example:
        >>> repetition(["电网电网电网"], n=2)  # 电网 网电 电网 网电 电网
        0.6

    References:
        Welleck et al., "Neural Text Generation with Unlikelihood Training", 2020, arxiv.org/abs/1908.04319
    """
    listed = ngrams(texts, n)
    return sum(len(grams) - len(set(grams)) for grams in listed) / max(sum(map(len, listed)), 1)


def ngrams(texts: Iterable[str], n: int) -> list[list[str]]:
    """The n-grams of each text, in order, in lower case and without white space.

    Example:
        >>> ngrams(["GIS 柜", "柜"], 2)
        [['gi', 'is', 's柜'], []]
    """
    if isinstance(texts, str):
        raise TypeError(
            "got one str as texts: expected a list of texts (it would be read character by character)"
        )
    if n < 1:
        raise ValueError(f"got n={n!r}: expected n-grams of 1 character or more")
    return [[text[at : at + n] for at in range(len(text) - n + 1)] for text in map(visible, texts)]


def visible(text: str) -> str:
    """The characters that are no white space, in lower case.

    Example:
        >>> visible(" GIS 柜\\n")
        'gis柜'
    """
    return "".join(text.split()).lower()
