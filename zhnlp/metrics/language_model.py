"""Language models: bits per character of held-out text, and accuracy on masked characters.

A character is a character of the source string that is no white space, whatever the tokens are, so models with
different vocabularies compare, and so do a character model and a word model. The nats of every token count, those of
line ends and of the end of a document included: together they say what the text costs.

An unknown token ``[UNK]`` costs the nats of predicting ``[UNK]`` and stands for the characters it covers; which of the
unknown characters it was is not paid for. Bits per character are therefore too low by about 14 bits (the choice among
the Han characters outside the vocabulary and all other signs) times ``unknown_share``, and only models with the same
unknown characters compare strictly. A masked character that is unknown counts as wrong, whatever is predicted.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from math import exp, log

import numpy as np

__all__ = ["count_characters", "evaluate_language_model", "evaluate_masked_language_model"]


def count_characters(text: str) -> int:
    """Characters of ``text`` that are no white space.

    Example:
        >>> count_characters("天地 玄黄\\n")
        4
    """
    return len("".join(text.split()))


def evaluate_language_model(
    nats: Iterable[float],
    texts: Iterable[str],
    *,
    unknown: Iterable[int] | None = None,
    tokens: Iterable[int] | None = None,
) -> dict:
    """Bits per character over documents together: ``sum(nats) / ln 2 / sum(characters)``; lower is better.

    Args:
        nats: one number a document, the sum of ``-ln p`` over its tokens, 0 or more.
        texts: the documents, in the same order.
        unknown: of each document, the characters that were read as ``[UNK]``.
        tokens: of each document, the tokens that the nats are of, its end included where it was predicted.

    Returns:
        ``primary_metric`` (always ``"bits_per_character"``); ``bits_per_character``; ``bits`` in all; ``characters``
        (no white space); ``documents``; ``unknown_share`` of the characters in [0, 1], None without ``unknown``;
        ``perplexity``, ``exp(sum(nats) / sum(tokens))``, 1 or more, None without ``tokens``: only models with the same
        tokens compare by it.

    Raises:
        ValueError: differing numbers of documents; nats below 0 or not finite; no character or no token at all.

    Example:
        >>> score = evaluate_language_model([3 * log(2), 5 * log(2)], ["天地", "玄 黄"])
        >>> round(score["bits_per_character"], 6), score["characters"]
        (2.0, 4)
    """
    costs, characters = list(nats), [count_characters(text) for text in texts]
    missing = None if unknown is None else list(unknown)
    steps = None if tokens is None else list(tokens)
    counts = {"unknown": missing, "token": steps}
    if len(costs) != len(characters) or any(
        one is not None and len(one) != len(costs) for one in counts.values()
    ):
        others = "".join(
            f" and {name} counts of {len(one)}" for name, one in counts.items() if one is not None
        )
        raise ValueError(
            f"got nats of {len(costs)} documents and {len(characters)} texts{others}: expected one of each a document; "
            "a generator that was used up before is the usual cause"
        )
    for number, cost in enumerate(costs):
        if not 0 <= cost < float("inf"):
            raise ValueError(
                f"document {number} (counted from 0) costs {cost} nats: expected a finite number, 0 or more. "
                "A sum of ln p instead of -ln p, or an overflow in half precision, is the usual cause."
            )
    total = sum(characters)
    if not total:
        raise ValueError(f"got no character in {len(characters)} documents: expected held-out text to score")
    if steps is not None and sum(steps) < 1:
        raise ValueError(
            f"got no token in {len(steps)} documents: expected the number that each one's nats are of"
        )
    bits = sum(costs) / log(2)
    return {
        "primary_metric": "bits_per_character",
        "bits_per_character": bits / total,
        "bits": bits,
        "characters": total,
        "documents": len(characters),
        "unknown_share": None if missing is None else sum(missing) / total,
        "perplexity": None if steps is None else exp(sum(costs) / sum(steps)),
    }


def evaluate_masked_language_model(
    gold: Sequence[int],
    predicted: Sequence[int],
    *,
    nats: Sequence[float] | None = None,
    unknown_id: int | None = None,
    kinds: Sequence[str] | None = None,
) -> dict:
    """Share of the masked tokens whose likeliest prediction is the one that stood there; higher is better.

    Args:
        gold: token numbers that were masked.
        predicted: the likeliest token of each, in the same order.
        nats: ``-ln p(gold)`` of each.
        unknown_id: the number of ``[UNK]``; where it is gold the prediction is wrong.
        kinds: a label of each ("han", "digit", …) for the shares by kind.

    Returns:
        ``primary_metric`` (always ``"accuracy"``); ``accuracy`` in [0, 1]; its binomial ``standard_error``;
        ``correct``, ``masked``, ``unknown``, in tokens; ``cross_entropy`` in nats a masked token (None without
        ``nats``); ``accuracy_by_kind`` and ``masked_by_kind`` (empty without ``kinds``).

    Raises:
        ValueError: arguments of differing length.

    Example:
        >>> score = evaluate_masked_language_model([5, 6, 1, 7], [5, 8, 1, 7], unknown_id=1)
        >>> score["accuracy"], score["correct"], score["unknown"]
        (0.5, 2, 1)
    """
    gold, predicted = np.asarray(gold, np.int64), np.asarray(predicted, np.int64)
    nats = None if nats is None else np.asarray(nats, np.float64)
    labels = None if kinds is None else np.asarray(kinds)
    for name, values in (("predicted", predicted), ("nats", nats), ("kinds", labels)):
        if values is not None and values.shape != gold.shape:
            raise ValueError(
                f"got {gold.shape} gold and {values.shape} {name}: expected one of each for every masked token"
            )
    if not gold.size:
        warnings.warn("no masked token: the accuracy is 0. Check that the text was read.", stacklevel=2)
    unknown = np.zeros(gold.shape, bool) if unknown_id is None else gold == unknown_id
    right = (gold == predicted) & ~unknown
    accuracy = float(right.mean()) if gold.size else 0.0
    names = [] if labels is None else sorted({str(label) for label in labels})
    return {
        "primary_metric": "accuracy",
        "accuracy": accuracy,
        "standard_error": (accuracy * (1 - accuracy) / max(gold.size, 1)) ** 0.5,
        "correct": int(right.sum()),
        "masked": gold.size,
        "unknown": int(unknown.sum()),
        "cross_entropy": float(nats.mean()) if nats is not None and gold.size else None,
        "accuracy_by_kind": {name: float(right[labels == name].mean()) for name in names},
        "masked_by_kind": {name: int((labels == name).sum()) for name in names},
    }
