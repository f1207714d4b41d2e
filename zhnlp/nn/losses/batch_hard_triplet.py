"""Triplet loss on the hardest triple of each text of a batch."""

from __future__ import annotations

import torch
from torch import Tensor

from zhnlp.nn.losses.cosine import wide
from zhnlp.nn.losses.groups import nothing_to_learn, same_and_different
from zhnlp.nn.losses.triplet import triplet


def batch_hard_triplet(
    cos: Tensor, groups: Tensor, others: Tensor | None = None, *, margin: float = 0.2
) -> Tensor:
    """Mean over texts of `triplet` with the farthest right one and the nearest wrong one, in [0, 2 + margin].

    Texts without a right or without a wrong one are left out of the mean.

    Args:
        cos: (B, N) in [-1, 1].
        groups: (B,) group of each row.
        others: (N,) group of each column; None for the rows themselves.
        margin: in [0, 2].

    Raises:
        ValueError: the shapes do not fit.

    A batch in which nobody has both warns and gives 0.

    Example:
        >>> cos = torch.tensor([[1.0, 0.5, 0.6], [0.5, 1.0, 0.1], [0.6, 0.1, 1.0]])
        >>> batch_hard_triplet(cos, torch.tensor([0, 0, 1]))  # 0.6 - 0.5 + 0.2 and 0, the third has no right one
        tensor(0.1500)

    Source: Hermans et al. 2017, https://arxiv.org/abs/1703.07737
    """
    same, different = same_and_different(cos, groups, others)
    rows = same.any(1) & different.any(1)
    cos = wide(cos)
    if not rows.any():
        return nothing_to_learn(cos, "no text has both one of its group and one of another")
    right = cos.masked_fill(~same, torch.inf)[rows].amin(1)
    wrong = cos.masked_fill(~different, -torch.inf)[rows].amax(1)
    return triplet(right, wrong, margin=margin)
