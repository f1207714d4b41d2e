"""Tokens that were there already are less likely."""

from __future__ import annotations

import torch
from torch import Tensor


def penalise_repetition(scores: Tensor, tokens: Tensor, penalty: float) -> Tensor:
    """Divide the scores of tokens that are there by ``penalty``, or multiply them where they are negative; in place.

    Args:
        scores: (N, V) of the next token: logits, or log-probabilities.
        tokens: (N, L) before it, without padding; twice the same counts once.
        penalty: above 1 for less repetition.

    Example:
        >>> penalise_repetition(torch.tensor([[3.0, -3.0, 3.0]]), torch.tensor([[0, 1, 0]]), 2.0)
        tensor([[ 1.5000, -6.0000,  3.0000]])

    Source: Keskar et al. 2019, https://arxiv.org/abs/1909.05858
    """
    there = scores.gather(1, tokens)
    return scores.scatter_(1, tokens, torch.where(there < 0, there * penalty, there / penalty))
