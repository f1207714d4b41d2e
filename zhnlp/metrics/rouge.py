"""ROUGE-1, ROUGE-2 and ROUGE-L on characters: F as the package ``rouge`` (pltrdy) counts it, to the last bit.

Posts 6933, 7259, 7867 and 8209 put a blank between the characters of a title, lower the case and take F from that
package.  Its ways, which are kept because numbers do not compare otherwise:

- N-grams are sets: 天天 has one unigram.  ROUGE-L counts the distinct characters of a longest common subsequence, over
  the distinct characters of either side.  Where several subsequences are longest, the one found by a walk from the end
  counts, which goes left in the prediction when going up in the reference is no better.
- An ASCII "." ends a sentence and is no character: 3.5 is 35.  N-grams run across sentences, subsequences stay in one.
  A sentence of blanks between two others counts as one character.
- F is 2PR / (P + R + 1e-8), so two equal texts score 1 - 5e-9 and not 1.  ROUGE-2 of a single character is 0.
- White space is no character for ROUGE, 。 is one.

That is version 1.0.1.  Which one a post used is not said; 7259 is older than 1.0.0 (March 2020).  Version 1.0.0 counts
n-grams as often as they occur; version 0.3.2 has ROUGE-L as (1 + b²)PR / (R + b²P) with b = P / R.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from itertools import chain, pairwise

VERSIONS = ("1.0.1", "1.0.0", "0.3.2")
NAMES = ("rouge_1", "rouge_2", "rouge_l")


def rouge_scores(prediction: str, reference: str, *, version: str = "1.0.1") -> dict[str, float]:
    """F of ROUGE-1, ROUGE-2 and ROUGE-L, each in [0, 1).

    0 for a prediction of white space, as in the posts, and where a side has no character but points, which the package
    refuses.

    Args:
        prediction: the text that is scored.
        reference: the right one.
        version: the version of ``rouge`` that is followed: "1.0.1", "1.0.0" or "0.3.2".

    Raises:
        TypeError: a side is no str.
        ValueError: an unknown version.

    Example:
        >>> scores = rouge_scores("天地玄黄", "天地黄")
        >>> {name: round(score, 4) for name, score in scores.items()}  # 2 · 3/(4 + 3), 2 · 1/(3 + 2), 2 · 3/(4 + 3)
        {'rouge_1': 0.8571, 'rouge_2': 0.4, 'rouge_l': 0.8571}

    References:
        Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004, aclanthology.org/W04-1013
    """
    if version not in VERSIONS:
        raise ValueError(
            f"got version={version!r}: expected a version of rouge, one of {', '.join(VERSIONS)}"
        )
    predicted, right = _sentences(prediction), _sentences(reference)
    if not predicted or not right or not prediction.strip():
        return dict.fromkeys(NAMES, 0.0)
    guesses, golds = list(chain(*predicted)), list(chain(*right))
    common: set[str] = set()
    for sentence in right:
        for other in predicted:
            common.update(common_subsequence(sentence, other))
    kind = Counter if version == "1.0.0" else set
    return {
        "rouge_1": _overlap(kind(guesses), kind(golds)),
        "rouge_2": _overlap(kind(pairwise(guesses)), kind(pairwise(golds))),
        "rouge_l": (_weighted_f if version == "0.3.2" else _f)(
            len(common) / len(set(guesses)), len(common) / len(set(golds))
        ),
    }


def spaced(text: str) -> str:
    """The characters in lower case with a blank between each two, as the posts hand them to a scorer.

    Example:
        >>> spaced("GIS柜")
        'g i s 柜'
    """
    if not isinstance(text, str):
        raise TypeError(
            f"got {text!r} of type {type(text).__name__}: expected a str. Next: '' for a text that is missing"
        )
    return " ".join(text).lower()


def common_subsequence(reference: list[str], prediction: list[str]) -> list[str]:
    """A longest common subsequence, from its last symbol to its first: the one that the package ``rouge`` finds.

    Bit ``j`` of row ``i`` is 0 where ``prediction[: j + 1]`` has a longer common subsequence with
    ``reference[: i + 1]`` than ``prediction[:j]``; a row costs five operations on whole numbers.

    Example:
        >>> common_subsequence(list("天地玄黄"), list("地天黄"))
        ['黄', '地']

    References:
        Crochemore, Iliopoulos, Pinzon, Reid, "A fast and practical bit-vector algorithm for the longest common
        subsequence problem", 2001
    """
    places: dict[str, int] = {}
    for place, symbol in enumerate(prediction):
        places[symbol] = places.get(symbol, 0) | 1 << place
    full = (1 << len(prediction)) - 1
    row, rows = full, []
    for symbol in reference:
        hits = row & places.get(symbol, 0)
        row = ((row + hits) | (row - hits)) & full
        rows.append(row)
    found: list[str] = []
    up, left = len(reference), len(prediction)
    while up and left:
        if reference[up - 1] == prediction[left - 1]:
            found.append(reference[up - 1])
            up, left = up - 1, left - 1
        elif rows[up - 1] >> (left - 1) & 1:
            left -= 1
        else:
            up -= 1
    return found


def _sentences(text: str) -> list[list[str]]:
    """Symbols of each sentence; one of white space only has a single empty symbol."""
    return [sentence.split() or [""] for sentence in spaced(text).split(".") if sentence]


def _overlap(predicted: Collection, right: Collection) -> float:
    """F of two sets, or of two counters."""
    hits, guessed, gold = (
        part.total() if isinstance(part, Counter) else len(part)
        for part in (predicted & right, predicted, right)
    )
    return _f(hits / max(guessed, 1), hits / max(gold, 1))


def _f(precision: float, recall: float) -> float:
    return 2.0 * (precision * recall / (precision + recall + 1e-8))


def _weighted_f(precision: float, recall: float) -> float:
    beta = precision / (recall + 1e-12)
    return (1 + beta**2) * recall * precision / (recall + beta**2 * precision + 1e-12)
