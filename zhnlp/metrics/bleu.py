"""BLEU-4 of one text on characters, as NLTK counts it with its first smoothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import exp, fsum, log

from zhnlp.metrics.rouge import spaced

ORDER = 4


def bleu_score(prediction: str, references: str | Sequence[str]) -> float:
    """Sentence BLEU-4 in [0, 1]: the same as NLTK's ``sentence_bleu`` with ``SmoothingFunction().method1``.

    The text is in lower case, cut at blanks put between its characters, as in post 6933: a blank of the text itself leaves
    two empty symbols, which count.  A precision without a match has 0.1 in place of 0 matches, so two equal texts of one
    to three characters score below 1 (0.1 to the power 3/4, 2/4, 1/4).  White space alone, and a prediction without a
    character of the references, scores 0.

    Args:
        prediction: the text that is scored.
        references: the right text, or several: a match with any counts, and the length nearest to the prediction's is the
            one that it is held against.

    Raises:
        TypeError: a text is no str.
        ValueError: no reference.

    Example:
        >>> round(bleu_score("天地玄黄", "天地玄黄宇宙"), 4)  # every n-gram matches; exp(1 - 6/4)
        0.6065

    References:
        Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine Translation", 2002, aclanthology.org/P02-1040
        Chen and Cherry, "A Systematic Comparison of Smoothing Techniques for Sentence-Level BLEU", 2014,
        aclanthology.org/W14-3346
    """
    predicted = spaced(prediction).split(" ")
    rights = [
        spaced(text).split(" ") for text in ([references] if isinstance(references, str) else references)
    ]
    if not rights:
        raise ValueError("got no reference: expected the right text, or a list of several")
    if not prediction.strip():
        return 0.0
    parts = []
    for order in range(1, ORDER + 1):
        counts, limits = _counts(predicted, order), Counter()
        for right in rights:
            limits |= _counts(right, order)
        matches = (counts & limits).total()
        if order == 1 and not matches:
            return 0.0
        parts.append(log((matches or 0.1) / max(counts.total(), 1)) / ORDER)
    length = len(predicted)
    nearest = min(map(len, rights), key=lambda other: (abs(other - length), other))
    return min(1.0, exp(1 - nearest / length)) * exp(fsum(parts))


def _counts(symbols: list[str], order: int) -> Counter:
    return Counter(zip(*(symbols[start:] for start in range(order))))
