"""Texts that were written to have a label: how often a classifier finds it in them, how varied they are, what they cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from math import exp
from typing import Any

from zhnlp.metrics.distinct import distinct_n, repetition, visible
from zhnlp.metrics.language_model import count_characters


def evaluate_control(
    texts: Iterable[str],
    labels: Iterable[Any],
    classifier: Any,
    *,
    language_model: Callable[[list[str]], Sequence[float]] | None = None,
) -> dict:
    """Share of texts in which an independent classifier finds the label that was asked for; higher is better.

    The classifier is not to have taken part in writing, and is itself right in so many cases only: texts of people whose label is
    known are the line to compare with.  A model that always writes one perfect sentence agrees in all of them, so variety and
    cost stand beside it; both are compared between equally many texts.

    Args:
        texts: written texts; a blank one counts as wrong.
        labels: that were asked for, one for each.
        classifier: texts → labels; a function, or an object with ``predict``, as those of scikit-learn.
        language_model: texts → nats of each, the sum of ``-ln p`` over its tokens.

    Returns:
        ``primary_metric`` (always ``"agreement"``); ``agreement`` in [0, 1] and its binomial ``standard_error``;
        ``agreement_by_label``; ``distinct_1``, ``distinct_2`` and ``repetition`` of characters in [0, 1];
        ``perplexity_per_character``, 1 or more, over characters that are no white space, None without ``language_model``;
        ``mean_length`` in characters; ``blank`` and ``texts``, counts.

    Raises:
        TypeError: a single str in place of a list, or a classifier that cannot be called.
        ValueError: there is nothing to score, or other numbers of texts, labels, predictions or nats.

    Example:
        >>> found = evaluate_control(["很好", "很差", "真好", "不差"], ["正", "负", "正", "正"],
        ...                          lambda texts: ["正" if "好" in text else "负" for text in texts])
        >>> found["agreement"], found["agreement_by_label"], found["distinct_2"]
        (0.75, {'正': 0.666..., '负': 1.0}, 1.0)
    """
    if isinstance(texts, (str, bytes)) or isinstance(labels, (str, bytes)):
        raise TypeError("got one str: expected a list of texts and a list of labels")
    written, asked = list(texts), [_plain(label) for label in labels]
    if not written or len(written) != len(asked):
        raise ValueError(f"got {len(written)} texts and {len(asked)} labels: expected as many, 1 or more")
    predict = getattr(classifier, "predict", classifier)
    if not callable(predict):
        raise TypeError(
            f"the classifier is {type(classifier).__name__}: expected a function, or an object with predict"
        )
    given = [_plain(label) for label in predict(written)]
    if len(given) != len(written):
        raise ValueError(
            f"the classifier gave {len(given)} labels for {len(written)} texts: expected one each"
        )
    if not {type(label) for label in given} & {type(label) for label in asked}:
        raise ValueError(
            f"the classifier gives {given[0]!r}, asked for was {asked[0]!r}: expected labels of the same kind. Likely one side is text "
            "and the other numbers. Next: str() both"
        )
    blank = [not visible(text) for text in written]
    right = [one == other and not empty for one, other, empty in zip(given, asked, blank)]
    share, counts = sum(right) / len(right), Counter(asked)
    return {
        "primary_metric": "agreement",
        "agreement": share,
        "standard_error": (share * (1 - share) / len(right)) ** 0.5,
        "agreement_by_label": {
            label: sum(hit for hit, one in zip(right, asked) if one == label) / count
            for label, count in counts.items()
        },
        "distinct_1": distinct_n(written, 1),
        "distinct_2": distinct_n(written, 2),
        "repetition": repetition(written),
        "perplexity_per_character": None if language_model is None else _perplexity(written, language_model),
        "mean_length": sum(map(len, written)) / len(written),
        "blank": sum(blank),
        "texts": len(written),
    }


def _perplexity(texts: list[str], language_model: Callable[[list[str]], Sequence[float]]) -> float:
    nats, characters = list(language_model(texts)), sum(map(count_characters, texts))
    if len(nats) != len(texts):
        raise ValueError(
            f"the language model gave {len(nats)} numbers for {len(texts)} texts: expected one each"
        )
    if not characters:
        raise ValueError(f"got no character in {len(texts)} texts: expected some to score")
    return exp(sum(nats) / characters)


def _plain(label: Any) -> Any:
    return label.item() if hasattr(label, "item") else label
