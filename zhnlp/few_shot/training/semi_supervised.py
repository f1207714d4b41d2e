"""Unlabelled texts with guessed labels: which are trusted, and how many more in each round.

N unlabelled texts, C classes.

Source: Schick and Schütze 2020 (iPET), https://arxiv.org/abs/2001.07676; the joint training with raw text:
苏剑林, https://kexue.fm/archives/7764
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from zhnlp.few_shot.training.samples import Labelled


def trusted(probabilities: np.ndarray, count: int, shares: np.ndarray) -> np.ndarray:
    """Numbers of the ``count`` texts whose guess is surest, each class in its share; in order.

    A class that is guessed too seldom gives all its texts, and the surest of the others fill the rest.

    Args:
        probabilities: (N, C).
        shares: (C,) of the classes among the labelled texts, adding up to 1.

    Example:
        >>> chances = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.4, 0.6]])
        >>> trusted(chances, 2, np.array([0.5, 0.5])).tolist()
        [0, 3]
    """
    count = min(count, len(probabilities))
    guess, sure = probabilities.argmax(1), probabilities.max(1)
    chosen = np.zeros(len(probabilities), bool)
    for number, share in enumerate(shares):
        own = np.flatnonzero(guess == number)
        own = own[np.argsort(-sure[own], kind="stable")]
        chosen[own[: round(share * count)]] = True
    missing = count - int(chosen.sum())
    if missing > 0:
        others = np.flatnonzero(~chosen)
        chosen[others[np.argsort(-sure[others], kind="stable")[:missing]]] = True
    return np.flatnonzero(chosen)


def guessed_samples(
    examples: Sequence[Mapping[str, str]],
    probabilities: np.ndarray,
    *,
    share: float,
    class_shares: np.ndarray,
    soft: bool,
) -> list[Labelled]:
    """Texts with the labels that a model guesses.

    Args:
        probabilities: (N, C) of the model.
        share: of the texts that is trusted, the surest of each class, in (0, 1].
        class_shares: (C,) among the labelled texts.
        soft: the probabilities are the label; else the likeliest class is.
    """
    count = max(1, round(share * len(examples)))
    samples = []
    for number in trusted(probabilities, count, class_shares):
        row = probabilities[number]
        shares = row / row.sum() if soft else np.eye(len(row))[row.argmax()]
        samples.append(Labelled(examples[number], tuple(shares.tolist())))
    return samples


def share_of_round(number: int, rounds: int) -> float:
    """The part of the unlabelled texts that round 1, 2, … trusts: it doubles each round, and the last trusts all.

    Example:
        >>> [share_of_round(number, 3) for number in (1, 2, 3)]
        [0.25, 0.5, 1.0]
    """
    return 0.5 ** (rounds - number)
