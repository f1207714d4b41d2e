"""Wrong texts that an encoder takes for right ones: the triples from which it learns most."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from zhnlp.similarity.exact_search import exact_search
from zhnlp.similarity.examples import Examples
from zhnlp.similarity.joined_groups import join_pairs

if TYPE_CHECKING:
    from zhnlp.similarity.faq_texts import TextEncoder


def mine_hard_negatives(
    encoder: TextEncoder,
    examples: Examples,
    *,
    count: int = 1,
    skip: int = 0,
    depth: int = 50,
    highest: float = 0.95,
    below_right: float = 0.0,
    seed: int = 0,
) -> Examples:
    """Triples (anchor, right, wrong): wrong are texts of other groups that lie nearest to the anchor.

    Texts of another group may mean the same all the same; those nearer than ``highest``, or nearer than the right text less
    ``below_right``, are likely such and are left out.

    Args:
        encoder: with ``encode``; a pass of training with what it found makes it better, and what it then finds harder.
        examples: groups; pairs are joined to groups.
        count: wrong texts for each anchor and right text, at most.
        skip: nearest wrong texts that are passed over.
        depth: nearest texts that are looked at.
        highest: cosine above which a text is not taken.
        below_right: how much nearer than a wrong text the right one has to be, in cosine; −2 for no such condition.
        seed: of the right text that an anchor gets.

    Raises:
        ValueError: no triple is left.

    Example:
        >>> from zhnlp.similarity import load_encoder
        >>> groups = Examples.of("groups", [(0, "怎么退款"), (0, "怎么退款呢"), (1, "怎么付款"), (1, "付款方法")])
        >>> mined = mine_hard_negatives(load_encoder(), groups)
        >>> next(zip(*mined.columns))
        ('怎么退款', '怎么退款呢', '怎么付款')
    """
    if examples.form == "pairs":
        examples = join_pairs(examples)
    if examples.form != "groups":
        raise ValueError(f"got {examples.form}: expected groups or pairs")
    texts, labels = examples.columns[0], np.unique(np.asarray(examples.labels), return_inverse=True)[1]
    vectors = encoder.encode(texts, normalize=True)
    found = exact_search(vectors, vectors, min(depth + 1, len(texts)))
    random = np.random.default_rng(seed)
    members: dict[int, list[int]] = {}
    for row, label in enumerate(labels.tolist()):
        members.setdefault(label, []).append(row)
    triples, without = [], 0
    for row, label in enumerate(labels.tolist()):
        others = [other for other in members[label] if texts[other] != texts[row]]
        if not others:
            continue
        right = others[random.integers(len(others))]
        limit = min(highest, float(vectors[row] @ vectors[right]) - below_right)
        near = zip(found.places[row].tolist(), found.scores[row].tolist())
        wrong = [place for place, score in near if labels[place] != label and score <= limit]
        wrong = wrong[skip : skip + count]
        without += not wrong
        triples += [(texts[row], texts[right], texts[place]) for place in wrong]
    if not triples:
        raise ValueError(
            f"no wrong text was found for any of {len(texts):,}: expected some within the nearest {depth}. Next: depth={4 * depth}, or "
            "below_right=-2"
        )
    if without:
        warnings.warn(
            f"{without:,} of {len(texts):,} texts have no wrong one among their nearest {depth} and were left out",
            stacklevel=2,
        )
    return Examples.of("triples", triples)
