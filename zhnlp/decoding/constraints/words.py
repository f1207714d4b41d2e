"""Tokens that alone may be written, and phrases that may not."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from zhnlp.decoding.constraints.ngrams import forbid
from zhnlp.decoding.options import DecodingOptions, PerRow, Phrase


class TokenSet:
    """Tokens that never come: those outside ``allowed``, and forbidden phrases of one token.

    Args:
        size: V.
        rows: of the prefix.
    """

    def __init__(self, options: DecodingOptions, size: int, rows: int, device: torch.device):
        many = any(isinstance(value, PerRow) for value in (options.allowed, options.forbidden))
        self.blocked = torch.zeros(rows if many else 1, size, dtype=torch.bool, device=device)  # (B or 1, V)
        for number in range(len(self.blocked)):
            allowed = of_row(options.allowed, number)
            if allowed is not None:
                self.blocked[number] = True
                self.blocked[number, [*allowed, *options.end]] = False
            self.blocked[
                number, [phrase[0] for phrase in of_row(options.forbidden, number) if len(phrase) == 1]
            ] = True

    def __bool__(self) -> bool:
        return bool(self.blocked.any())

    def __call__(self, scores: Tensor, rows: Tensor) -> Tensor:
        """-inf, in place, at what row ``rows[i]`` (N,) of the prefix may not write."""
        return scores.masked_fill_(self.blocked[rows] if len(self.blocked) > 1 else self.blocked, -math.inf)


class ForbiddenPhrases:
    """Phrases of two tokens and more: the last token is blocked where the others stand before it."""

    def __init__(self, forbidden: Iterable, device: torch.device):
        each = enumerate(forbidden) if isinstance(forbidden, PerRow) else [(None, forbidden)]
        groups: dict[int, list[tuple[int | None, Phrase]]] = defaultdict(list)
        for row, phrases in each:
            for phrase in phrases:
                if len(phrase) > 1:
                    groups[len(phrase)].append((row, phrase))
        self.groups = []  # beginnings (F, n - 1), last tokens (F,), rows (F,) or None
        for group in groups.values():
            phrases = torch.tensor([phrase for _, phrase in group], device=device)
            owners = None if group[0][0] is None else torch.tensor([row for row, _ in group], device=device)
            self.groups.append((phrases[:, :-1], phrases[:, -1], owners))

    def __bool__(self) -> bool:
        return bool(self.groups)

    def __call__(self, scores: Tensor, tokens: Tensor, rows: Tensor) -> Tensor:
        """-inf, in place, at what would complete a phrase behind ``tokens`` (N, L) of row ``rows[i]`` (N,)."""
        for beginnings, last, owners in self.groups:
            before = tokens.shape[1] - beginnings.shape[1]
            if before < 0:
                continue
            begun = (tokens[:, None, before:] == beginnings).all(-1)  # (N, F)
            if owners is not None:
                begun &= owners == rows[:, None]
            forbid(scores, last.expand_as(begun), begun)
        return scores


def of_row(value: Sequence | None, number: int) -> Sequence | None:
    """An option as it is for one row of the prefix."""
    return value[number] if isinstance(value, PerRow) else value
