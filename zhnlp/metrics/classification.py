"""Scores of a classifier: accuracy, macro-F1, each class by itself, and which class is taken for which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def evaluate_classification(
    gold: Iterable[Any], predicted: Iterable[Any], *, labels: Sequence[Any] | None = None
) -> dict:
    """Score one predicted label a text against the right one.

    ``accuracy`` (the primary metric) is the share of right labels, ``macro_f1`` the plain mean of the F1 of the classes,
    both in [0, 1]; ``confusion[i][j]`` counts texts of ``labels[i]`` that were given ``labels[j]``.  A class that is never
    predicted has precision 0, one that never occurs recall 0.

    Args:
        gold, predicted: labels (str or int), in the same order.
        labels: the classes, in the order of the result; None for all that occur on either side, sorted.

    Raises:
        TypeError: a single string in place of a list of labels, or labels of kinds that cannot be sorted together.
        ValueError: the two differ in length, there is nothing to score, a label is no member of ``labels``, or
            ``labels`` holds one twice.

    Example:
        >>> score = evaluate_classification(["好", "好", "差", "差"], ["好", "差", "差", "差"])
        >>> score["accuracy"], round(score["macro_f1"], 4)  # F1 of 好 2/3, of 差 4/5
        (0.75, 0.7333)
        >>> score["labels"], score["confusion"]
        (['好', '差'], [[1, 1], [0, 2]])
        >>> score["per_class"][0]
        {'label': '好', 'precision': 1.0, 'recall': 0.5, 'f1': 0.666..., 'support': 2}
    """
    import numpy as np
    from sklearn.metrics import precision_recall_fscore_support

    right, given = _listed(gold, "gold"), _listed(predicted, "predicted")
    if len(right) != len(given) or not right:
        raise ValueError(
            f"got {len(right)} gold and {len(given)} predicted labels: expected as many, 1 or more, in the same order"
        )
    names = _names(right, given, labels)
    numbers = {name: number for number, name in enumerate(names)}
    rows, columns = ([numbers[label] for label in side] for side in (right, given))
    every = range(len(names))
    parts = precision_recall_fscore_support(rows, columns, labels=list(every), zero_division=0.0)
    precision, recall, f1, support = (part.tolist() for part in parts)
    confusion = np.zeros((len(names), len(names)), int)  # (right, predicted)
    np.add.at(confusion, (rows, columns), 1)
    return {
        "primary_metric": "accuracy",
        "accuracy": sum(map(int.__eq__, rows, columns)) / len(rows),
        "macro_f1": sum(f1) / len(f1),
        "texts": len(rows),
        "labels": names,
        "per_class": [
            {
                "label": names[n],
                "precision": precision[n],
                "recall": recall[n],
                "f1": f1[n],
                "support": support[n],
            }
            for n in every
        ],
        "confusion": confusion.tolist(),
    }


def _listed(labels: Iterable[Any], side: str) -> list[Any]:
    """Labels as plain values of Python, which json can write."""
    if isinstance(labels, (str, bytes)):
        raise TypeError(
            f"{side} is one {type(labels).__name__}: expected a list of labels, one for each text"
        )
    return [label.item() if hasattr(label, "item") else label for label in labels]


def _names(right: list[Any], given: list[Any], labels: Sequence[Any] | None) -> list[Any]:
    if labels is None:
        try:
            return sorted(set(right) | set(given))
        except TypeError:
            kinds = sorted({type(label).__name__ for label in [*right, *given]})
            raise TypeError(
                f"the labels are of several kinds ({', '.join(kinds)}): expected one. Likely one side was read as text and "
                "the other as numbers. Next: str() both"
            ) from None
    names = _listed(labels, "labels")
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"labels hold {twice!r} twice: expected each class once")
    for side, values in (("gold", right), ("predicted", given)):
        if strange := [value for value in values if value not in set(names)]:
            raise ValueError(
                f"{side} has the label {strange[0]!r}, which is none of {', '.join(map(repr, names[:8]))}: expected a member of labels"
            )
    return names
