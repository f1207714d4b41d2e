"""Continuations of hypotheses, and the best of them.

A rows that are not finished, K hypotheses of each, C candidates, V vocabulary.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Candidates(NamedTuple):
    """Hypotheses with one more token, best first; each (A, C).

    Attributes:
        totals: sums of log p, -inf for what cannot be.
        parents: which of the K hypotheses it goes on from.
        tokens: the one that is added.
    """

    totals: Tensor
    parents: Tensor
    tokens: Tensor

    @classmethod
    def at(cls, totals: Tensor, places: Tensor, size: int) -> Candidates:
        """Those with these sums at these places (A, C) of all continuations, K times a vocabulary of ``size``."""
        return cls(totals, places // size, places % size)


def best_candidates(totals: Tensor, number: int) -> Candidates:
    """The best of all continuations (A, K, V).

    Example:
        >>> import torch
        >>> found = best_candidates(torch.tensor([[[0.1, 0.5], [0.7, 0.2]]]), 2)
        >>> found.parents.tolist(), found.tokens.tolist()
        ([[1, 0]], [[0, 1]])
    """
    flat = totals.flatten(1)
    return Candidates.at(*flat.topk(min(number, flat.shape[1])), totals.shape[2])
