"""Scores of keywords against those that authors gave: precision, recall and F1 of the first k, over documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from zhnlp.text import fold_width


def evaluate_keywords(
    predicted: Iterable[Sequence[str | Mapping]], gold: Iterable[Iterable[str]], *, k: int = 5
) -> dict:
    """Score the first ``k`` keywords of each document against its gold keywords.

    A keyword counts when it equals a gold keyword after folding the width, lowering the case and stripping blanks; one
    that comes twice counts once.  ``f1`` (the primary metric) is the mean over documents of 2PR / (P + R), 0 where there
    is no hit; ``micro_f1`` is that of the sums over all documents.

    Args:
        predicted: for each document its keywords, best first, or rows with a "term".
        gold: for each document its right keywords.
        k: keywords taken of each document (1 or more).

    Raises:
        ValueError: the two differ in length, there is no document, ``k`` is below 1, or a document has no gold keyword.

    Example:
        >>> score = evaluate_keywords([["电网", "电压"], ["ＧＩＳ", "母线"]], [["电网"], ["gis", "开关"]], k=2)
        >>> round(score["f1"], 4), score["precision"], score["recall"]     # (2/3 + 1/2) / 2
        (0.5833, 0.5, 0.75)
    """
    if k < 1:
        raise ValueError(f"k={k!r}: expected 1 or more keywords a document")
    found = [list(dict.fromkeys(map(_key, words)))[:k] for words in predicted]
    right = [set(map(_key, words)) - {""} for words in gold]
    if len(found) != len(right) or not right:
        raise ValueError(
            f"got {len(found)} documents with keywords and {len(right)} with gold keywords: expected as many, 1 or more"
        )
    for number, words in enumerate(right):
        if not words:
            raise ValueError(f"document {number} has no gold keyword, so recall is undefined: leave it out")
    hits = [len(words & set(listed)) for words, listed in zip(right, found)]
    precision = [hit / max(len(listed), 1) for hit, listed in zip(hits, found)]
    recall = [hit / len(words) for hit, words in zip(hits, right)]
    f1 = [2 * hit / (len(listed) + len(words)) for hit, listed, words in zip(hits, found, right)]
    documents = len(right)
    return {
        "primary_metric": "f1",
        "f1": sum(f1) / documents,
        "precision": sum(precision) / documents,
        "recall": sum(recall) / documents,
        "micro_f1": 2 * sum(hits) / (sum(map(len, found)) + sum(map(len, right))),
        "documents": documents,
        "hits": sum(hits),
        "k": k,
    }


def _key(word: str | Mapping) -> str:
    text = word if isinstance(word, str) else word["term"]
    return fold_width(text).text.lower().strip()
