"""Constituent trees without labels: from distances between tokens, by rule, and their score.

A tree is a token (str) or a tuple of trees; a constituent is a span (begin, end) of more than one token that is not the whole
sentence.

Source: 苏剑林, https://kexue.fm/archives/6621; Shen et al. 2019, https://arxiv.org/abs/1810.09536
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterable, Sequence, Set
from itertools import zip_longest
from typing import Any, Literal

import numpy as np

Tree = str | tuple["Tree", ...]
Span = tuple[int, int]

_MOST = 500  # tokens: a tree can be as deep, and Python's own functions on tuples go down by recursion


def induce_tree(
    tokens: Sequence[str], distances: Sequence[float], method: Literal["unbiased", "post"] = "unbiased"
) -> Tree:
    """A binary tree by splitting where the distance is greatest, then each part in the same way; the first of equal ones.

    Args:
        tokens: of one sentence, 1 to 500.
        distances: of each token, how far it is from the one before; finite.  That of a part's first token plays no role in
            "unbiased".
        method: "unbiased" splits before the token: left | right.  "post", that of the post and the paper, takes the token itself
            apart: left | (token | rest), which makes most trees branch to the right, whatever the distances are (Dyer et al.).

    Raises:
        ValueError: no token or more than 500, another number of distances, one that is not finite, an unknown method.

    Example:
        >>> induce_tree(["我", "爱", "自然", "语言"], [0.9, 0.7, 0.3, 0.1])
        ('我', ('爱', ('自然', '语言')))
        >>> induce_tree(["我", "爱", "自然", "语言"], [0.1, 0.2, 0.8, 0.1]), induce_tree("天地玄黄", [0, 0, 1, 0], "post")
        ((('我', '爱'), ('自然', '语言')), (('天', '地'), ('玄', '黄')))

    References:
        Dyer et al., "A Critical Analysis of Biased Parsers in Unsupervised Parsing", 2019, arxiv.org/abs/1909.09428
    """
    tokens, values = _sentence(tokens), np.asarray(distances, np.float64)
    if values.shape != (len(tokens),) or not np.isfinite(values).all():
        raise ValueError(
            f"got {len(tokens)} tokens and distances of shape {values.shape}: expected a finite number for each token. "
            "Next: leave out what belongs to [CLS] and [SEP]"
        )
    if method not in ("unbiased", "post"):
        raise ValueError(f"method={method!r} is unknown: expected 'unbiased' or 'post'")
    return (_between if method == "unbiased" else _at_token)(tokens, values, 0, len(tokens))


def _between(tokens: list[str], values: np.ndarray, begin: int, end: int) -> Tree:
    if end - begin == 1:
        return tokens[begin]
    cut = begin + 1 + int(values[begin + 1 : end].argmax())
    return _between(tokens, values, begin, cut), _between(tokens, values, cut, end)


def _at_token(tokens: list[str], values: np.ndarray, begin: int, end: int) -> Tree:
    if end - begin == 1:
        return tokens[begin]
    at = begin + int(values[begin:end].argmax())
    right = tokens[at] if at + 1 == end else (tokens[at], _at_token(tokens, values, at + 1, end))
    return right if at == begin else (_at_token(tokens, values, begin, at), right)


def left_branching(tokens: Sequence[str]) -> Tree:
    """((a b) c) d: the tree that opens all brackets at the first token.

    Example:
        >>> left_branching("天地玄")
        (('天', '地'), '玄')
    """
    tokens = _sentence(tokens)
    return induce_tree(tokens, range(len(tokens)))


def right_branching(tokens: Sequence[str]) -> Tree:
    """a (b (c d)): the tree that closes all brackets at the last token.

    Example:
        >>> right_branching("天地玄")
        ('天', ('地', '玄'))
    """
    tokens = _sentence(tokens)
    return induce_tree(tokens, range(len(tokens), 0, -1))


def random_branching(tokens: Sequence[str], seed: int | random.Random = 0) -> Tree:
    """Every part is split at a place drawn at random, each as likely.

    Args:
        seed: a number, the same tree each time; or a generator that goes on, for many sentences.

    Example:
        >>> random_branching("天地玄黄", seed=1) == random_branching("天地玄黄", seed=1)
        True
    """
    draw = seed if isinstance(seed, random.Random) else random.Random(seed)
    tokens = _sentence(tokens)
    return induce_tree(tokens, [draw.random() for _ in tokens])


def tree_tokens(tree: Tree) -> list[str]:
    """The tokens from left to right.

    Example:
        >>> tree_tokens(("我", ("爱", "你")))
        ['我', '爱', '你']
    """
    if isinstance(tree, str):
        return [tree]
    return [token for part in tree for token in tree_tokens(part)]


def tree_spans(tree: Tree) -> set[Span]:
    """The constituents (begin, end) in tokens: more than one token, not the whole.

    Example:
        >>> sorted(tree_spans(("我", ("爱", ("自然", "语言")))))
        [(1, 4), (2, 4)]
    """
    found: set[Span] = set()

    def walk(part: Tree, begin: int) -> int:
        if isinstance(part, str):
            return begin + 1
        end = begin
        for one in part:
            end = walk(one, end)
        if end - begin > 1:
            found.add((begin, end))
        return end

    whole = (0, walk(tree, 0))
    return found - {whole}


def unlabelled_f1(gold: Tree | Set[Span], predicted: Tree | Set[Span]) -> float:
    """Harmonic mean of the shares of the constituents that the other side has too, in [0, 1]; 1 where neither has any.

    Example:
        >>> unlabelled_f1(("我", ("爱", ("自然", "语言"))), ("我", (("爱", "自然"), "语言")))
        0.5
    """
    right, found = _spans(gold), _spans(predicted)
    return 2 * len(right & found) / (len(right) + len(found)) if right or found else 1.0


def evaluate_trees(gold: Iterable[Tree | Set[Span]], predicted: Iterable[Tree | Set[Span]]) -> dict:
    """Unlabelled F1 of many sentences; a sentence without a gold constituent is left out, since it asks nothing.

    Args:
        gold: a tree a sentence, or the set of its constituents (`zhnlp.metrics.dependency_constituents`).
        predicted: of the same sentences in the same order.

    Returns:
        ``primary_metric`` (always ``"f1"``); ``f1``, the mean over sentences; ``corpus_f1``, ``precision``, ``recall`` of all
        constituents together; ``best_f1``, the mean if all constituents were right of the side that has fewer, for a binary tree
        has more than a gold tree; all in [0, 1]; ``sentences`` that count, ``left_out``, ``gold_spans``, ``predicted_spans``,
        ``matched_spans``.

    Raises:
        ValueError: differing numbers of sentences.

    Example:
        >>> score = evaluate_trees([{(1, 3)}, set()], [("我", ("爱", "你")), (("天", "地"), "玄")])
        >>> score["f1"], score["sentences"], score["left_out"]
        (1.0, 1, 1)
    """
    nothing = object()
    scores, best, left_out = [], [], 0
    right = found = matched = 0
    for number, (one, other) in enumerate(zip_longest(gold, predicted, fillvalue=nothing)):
        if one is nothing or other is nothing:
            shorter = "gold" if one is nothing else "predicted"
            raise ValueError(
                f"{shorter} ends after {number} sentences, the other side goes on: expected the same sentences in the same order"
            )
        one, other = _spans(one), _spans(other)
        if not one:
            left_out += 1
            continue
        right, found, matched = right + len(one), found + len(other), matched + len(one & other)
        scores.append(unlabelled_f1(one, other))
        best.append(2 * min(len(one), len(other)) / (len(one) + len(other)))
    if not scores:
        warnings.warn("no sentence has a gold constituent: the F1 is 0. Check what was read.", stacklevel=2)
    return {
        "primary_metric": "f1",
        "f1": float(np.mean(scores)) if scores else 0.0,
        "corpus_f1": 2 * matched / (right + found) if right else 0.0,
        "precision": matched / found if found else 0.0,
        "recall": matched / right if right else 0.0,
        "best_f1": float(np.mean(best)) if best else 0.0,
        "sentences": len(scores),
        "left_out": left_out,
        "gold_spans": right,
        "predicted_spans": found,
        "matched_spans": matched,
    }


def _spans(tree: Tree | Set[Span]) -> Set[Span]:
    return tree if isinstance(tree, Set) else tree_spans(tree)


def _sentence(tokens: Sequence[str]) -> list[str]:
    tokens = list(tokens)
    if not 1 <= len(tokens) <= _MOST:
        raise ValueError(
            f"got {len(tokens):,} tokens: expected one sentence of 1 to {_MOST}. Next: cut the text at its sentences"
        )
    return tokens


BASELINES: dict[str, Callable[..., Any]] = {
    "left": left_branching,
    "right": right_branching,
    "random": random_branching,
}
