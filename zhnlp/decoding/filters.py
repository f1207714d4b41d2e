"""From the scores of the next token to the distribution it is drawn from: temperature, top-k, top-p; and the draw.

N rows, V vocabulary, K tokens that are kept.

Source: Fan et al. 2018, https://arxiv.org/abs/1805.04833 (top-k); Holtzman et al. 2019, https://arxiv.org/abs/1904.09751 (top-p);
苏剑林, https://kexue.fm/archives/7292
"""

from __future__ import annotations

import torch
from torch import Tensor

NUCLEUS = 128  # of the likeliest tokens, looked at first for top-p


def distribution(
    scores: Tensor, *, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0
) -> tuple[Tensor, Tensor | None]:
    """What the next token is drawn from: probabilities (N, K) and the ids (N, K) they belong to, None for 0 to V - 1.

    Temperature, then top-k, then top-p, each renormalised.  With a filter the tokens are sorted, likeliest first, and
    what top-p leaves out has probability 0.

    Args:
        scores: (N, V) logits or log-probabilities, -inf for what cannot come; each row has one that is finite.

    Example:
        >>> scores = torch.tensor([[0.1, 0.4, 0.2, 0.3]]).log()
        >>> probabilities, ids = distribution(scores, top_k=3, top_p=0.5)  # of 4/9, 3/9, 2/9 the first two
        >>> probabilities, ids
        (tensor([[0.5714, 0.4286, 0.0000]]), tensor([[1, 3, 2]]))
    """
    if temperature != 1:
        scores = scores / temperature
    if top_k:
        best, ids = scores.topk(min(top_k, scores.shape[1]))
        return keep_top_p(best.softmax(-1), top_p), ids
    probabilities = scores.softmax(-1)
    if top_p == 1:
        return probabilities, None
    size = NUCLEUS  # a sort of the whole vocabulary costs far more
    while True:
        best, ids = probabilities.topk(min(size, scores.shape[1]))
        if size >= scores.shape[1] or bool((best.sum(-1, dtype=torch.float64) >= top_p).all()):
            return keep_top_p(best, top_p), ids
        size *= 8


def keep_top_p(probabilities: Tensor, p: float) -> Tensor:
    """The fewest of the likeliest tokens that together have probability ``p``, renormalised; 0 for the others.

    Args:
        probabilities: (N, K), each row sorted, largest first.
        p: above 0, at most 1; the token that crosses it is kept.

    Example:
        >>> keep_top_p(torch.tensor([[0.5, 0.3, 0.2]]), 0.6)
        tensor([[0.6250, 0.3750, 0.0000]])
    """
    if p == 1:
        return probabilities
    before = probabilities.cumsum(-1, dtype=torch.float64) - probabilities
    kept = probabilities.masked_fill(before >= p, 0.0)
    return kept / kept.sum(-1, keepdim=True)


def draw(probabilities: Tensor, uniform: Tensor) -> Tensor:
    """The places (N,) at which the distributions (N, K), summed from the left, pass the numbers ``uniform`` (N,) in [0, 1).

    Example:
        >>> draw(torch.tensor([[0.2, 0.0, 0.8]] * 3), torch.tensor([0.1, 0.2, 0.9], dtype=torch.float64))
        tensor([0, 2, 2])
    """
    summed = probabilities.cumsum(-1, dtype=torch.float64)
    passed = torch.searchsorted(summed, uniform[:, None] * summed[:, -1:], right=True)[:, 0]
    last = (summed < summed[:, -1:]).sum(-1)  # the last that has a probability
    return torch.minimum(passed, last)
