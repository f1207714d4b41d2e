"""How much of a generated text was taken over from its source."""

from __future__ import annotations

from collections.abc import Sequence

from zhnlp.metrics.distinct import ngrams, visible


def copied_share(predictions: Sequence[str], sources: Sequence[str]) -> float:
    """Share of predictions that stand in their source as they are, in [0, 1]; an empty one was not copied.

    White space and case do not matter.

    Args:
        predictions: generated texts.
        sources: what each was made from.

    Raises:
        TypeError: one str in place of a list.
        ValueError: differing lengths, or nothing to score.

    Example:
        >>> copied_share(["电网 升级", "电网改造"], ["南方电网升级", "南方电网升级"])
        0.5
    """
    _check(predictions, sources)
    copied = (
        bool(visible(text)) and visible(text) in visible(source) for text, source in zip(predictions, sources)
    )
    return sum(copied) / len(predictions)


def novel_share(predictions: Sequence[str], sources: Sequence[str], n: int = 2) -> float:
    """Share of the predictions' n-grams that their source lacks, over all predictions together, in [0, 1].

    0 where there is no n-gram.  White space is left out and case does not matter.

    Args:
        predictions: generated texts.
        sources: what each was made from.
        n: characters of an n-gram, 1 or more.

    Raises:
        TypeError: one str in place of a list.
        ValueError: differing lengths, nothing to score, or ``n`` is below 1.

    Example:
        >>> novel_share(["电网改造"], ["南方电网升级"])  # 网改 and 改造 of three
        0.666...

    References:
        See, Liu, Manning, "Get To The Point: Summarization with Pointer-Generator Networks", 2017,
        aclanthology.org/P17-1099
    """
    _check(predictions, sources)
    total = novel = 0
    for grams, known in zip(ngrams(predictions, n), map(set, ngrams(sources, n))):
        total += len(grams)
        novel += sum(gram not in known for gram in grams)
    return novel / max(total, 1)


def _check(predictions: Sequence[str], sources: Sequence[str]) -> None:
    for name, texts in (("predictions", predictions), ("sources", sources)):
        if isinstance(texts, str):
            raise TypeError(
                f"got one str as {name}: expected a list of texts (it would be read character by character)"
            )
    if len(predictions) != len(sources) or not len(predictions):
        raise ValueError(
            f"got {len(predictions)} predictions and {len(sources)} sources: expected as many, 1 or more, in the same order"
        )
