"""Scores of a ranked list of domain terms against a gold lexicon, of which only what the corpus has can be found.

Source: precision at k, average precision and recall as for ranked retrieval; gold such as THUOCL (thunlp/THUOCL).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from zhnlp.metrics.lexicon import evaluate_lexicon, ranked_words

__all__ = ["evaluate_terms", "occurring_terms"]


def evaluate_terms(
    predicted: Sequence[str | Mapping],
    gold: Iterable[str],
    *,
    k: int | Sequence[int] = (100, 500, 1000, 5000),
    counts: Mapping[str, int] | Any | None = None,
    min_count: int = 5,
) -> dict:
    """Score terms, best first, against the gold terms that occur in the corpus they were mined from.

    ``average_precision = (Σ over hits of hits so far / rank) / G``, with G the number of gold terms that occur;
    recall is over the same G.  Gold lexicons are never complete, so every precision is a lower bound.  Width is folded on
    both sides; other variants (traditional characters, case) are different terms.

    Args:
        predicted: terms ranked best first, or rows with a ``"term"`` or ``"word"``.
        gold: the right terms; repeats count once.  `gold_words` reads and filters a file.
        k: list lengths at which precision and recall are read.
        counts: occurrences of terms as a mapping, or the corpus itself (whatever `Corpus.of` takes), in which gold
            terms are counted as plain substrings; None takes all gold terms as occurring.
        min_count: occurrences that a gold term needs.

    Returns:
        What `evaluate_lexicon` returns (``primary_metric``, ``average_precision``, ``precision_at``, ``recall_at``,
        ``recall``, ``hits`` …), ``gold_words`` being G, and ``gold_given``: the gold terms before the restriction.

    Raises:
        TypeError: ``predicted`` has no order, or holds something else than terms.
        ValueError: no gold term is left, ``min_count`` or a k is below 1.

    Example:
        >>> corpus = ["变压器和断路器"] * 5 + ["互感器"]
        >>> score = evaluate_terms(["变压器", "和", "断路器"], ["变压器", "断路器", "互感器"], k=2, counts=corpus)
        >>> score["gold_given"], score["gold_words"], score["precision_at"], score["recall_at"]
        (3, 2, {2: 0.5}, {2: 0.5})
        >>> round(score["average_precision"], 4)           # (1/1 + 2/3) / 2
        0.8333
    """
    from zhnlp.mining.given_terms import fold_term

    if isinstance(gold, str):
        raise TypeError(
            "got one string as gold: expected a collection of terms. Read a file with gold_words(path)."
        )
    given = list(dict.fromkeys(fold_term(term) for term in gold if term))
    found = given if counts is None or not given else occurring_terms(given, counts, min_count=min_count)
    if given and not found:
        raise ValueError(
            f"none of the {len(given):,} gold terms occurs {min_count} times in the corpus: expected a gold list of the "
            "corpus's domain, in its script (simplified or traditional). Next: look at both, or lower min_count"
        )
    scores = evaluate_lexicon([fold_term(term) for term in ranked_words(predicted)], found, k=k)
    return {**scores, "gold_given": len(given)}


def occurring_terms(
    terms: Iterable[str], counts: Mapping[str, int] | Any, *, min_count: int = 5
) -> list[str]:
    """Those of the terms that occur, in their order.

    Args:
        terms: what to look for; repeats are left out.
        counts: occurrences as a mapping, or the corpus itself, in which they are counted as plain substrings.
        min_count: occurrences that a term needs (1 or more).

    Raises:
        ValueError: ``min_count`` is below 1.

    Example:
        >>> occurring_terms(["变压器", "断路器"], ["主变压器"], min_count=1)
        ['变压器']
    """
    if min_count < 1:
        raise ValueError(f"got min_count={min_count}: expected 1 or more occurrences.")
    terms = list(dict.fromkeys(terms))
    if not isinstance(counts, Mapping):
        from zhnlp.mining.given_terms import count_terms

        counts = count_terms(counts, terms)
    return [term for term in terms if counts.get(term, 0) >= min_count]
