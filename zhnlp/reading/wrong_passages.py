"""Questions beside passages of others, which do not answer them: what "no answer" is learnt from where nobody has labelled it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zhnlp.reading.examples import Example


def wrong_passages(rows: Sequence[Example], seed: int = 0) -> list[tuple[str, list[str]]]:
    """Each question with as many passages of the others as it has itself, none with the string of its answers.

    Questions for which there is no such passage are left out.

    Example:
        >>> rows = [Example("谁写的？", ("曹雪芹写的。",), ((0, 0, 3),), texts=("曹雪芹",)), Example("几点？", ("三点。",))]
        >>> wrong_passages(rows[:1]), wrong_passages(rows)[0]
        ([], ('谁写的？', ['三点。']))
    """
    rng = np.random.default_rng(seed)
    texts = list(dict.fromkeys(text for row in rows for text in row.passages))
    found = []
    for row in rows:
        own = set(row.passages)
        fit = [text for text in texts if text not in own and not any(answer in text for answer in row.texts)]
        if fit:
            chosen = rng.choice(len(fit), size=min(len(row.passages), len(fit)), replace=False)
            found.append((row.question, [fit[number] for number in chosen]))
    return found
