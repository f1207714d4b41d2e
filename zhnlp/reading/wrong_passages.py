"""Questions beside passages of others, which do not answer them: what "no answer" is learnt from where nobody has labelled it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from zhnlp.reading.examples import Example
from zhnlp.reading.passage_search import PassageSearch


def wrong_passages(rows: Sequence[Example], seed: int = 0) -> list[tuple[str, list[str]]]:
    """Each question without the passages that answer it; where none is left, with as many of other questions.

    No passage has the string of an answer.  Questions for which there is no such passage are left out.

    Example:
        >>> rows = [Example("谁写的？", ("曹雪芹写的。",), ((0, 0, 3),), texts=("曹雪芹",)), Example("几点？", ("三点。",))]
        >>> wrong_passages(rows[:1]), wrong_passages(rows)[0]
        ([], ('谁写的？', ['三点。']))
    """
    rng = np.random.default_rng(seed)
    texts = list(dict.fromkeys(text for row in rows for text in row.passages))
    found = []
    for row in rows:
        if row.places and (rest := [text for text in row.passages if not _answered(row, text)]):
            found.append((row.question, rest))
            continue
        own = set(row.passages)
        fit = [text for text in texts if text not in own and not _answered(row, text)]
        if fit:
            chosen = rng.choice(len(fit), size=min(len(row.passages), len(fit)), replace=False)
            found.append((row.question, [fit[number] for number in chosen]))
    return found


def with_wrong_passages(
    rows: Sequence[Example], count: int, *, alone: float = 0.0, seed: int = 0
) -> list[Example]:
    """Each question with ``count`` passages of others behind its own: those that BM25 finds nearest and that have no answer's string.

    A reader that learns from them meets what a search gives it, most of which answers nothing.

    Args:
        alone: share of the questions, drawn with the seed, that stay as they are, for readers of a passage alone.

    Raises:
        ValueError: ``count`` is no whole number, 0 or more, or ``alone`` no share.

    Example:
        >>> rows = [Example("谁写的？", ("曹雪芹写的。",), ((0, 0, 3),), texts=("曹雪芹",)), Example("几点写的？", ("三点写的。",))]
        >>> [row.passages for row in with_wrong_passages(rows, 1)]
        [('曹雪芹写的。', '三点写的。'), ('三点写的。', '曹雪芹写的。')]
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise ValueError(f"wrong={count!r} is not possible: expected a whole number of passages, 0 or more")
    if not 0 <= alone <= 1:
        raise ValueError(f"alone={alone!r} is not possible: expected a share of the questions, 0 to 1")
    texts = list(dict.fromkeys(text for row in rows for text in row.passages if text.strip()))
    if not count or not texts:
        return list(rows)
    search = PassageSearch(texts)
    left = np.random.default_rng(seed).random(len(rows)) < alone
    found = []
    for row, stays in zip(rows, left):
        if stays:
            found.append(row)
            continue
        own, nearest = set(row.passages), []
        for place, _ in search.best(row.question, len(texts)):
            if texts[place] not in own and not _answered(row, texts[place]):
                nearest.append(texts[place])
                if len(nearest) == count:
                    break
        found.append(replace(row, passages=(*row.passages, *nearest)))
    return found


def _answered(row: Example, text: str) -> bool:
    return any(answer in text for answer in row.texts)
