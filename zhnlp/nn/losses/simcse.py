"""SimCSE: a text read twice with other dropout is its own right answer; or its right answer and a hard wrong one are given.

B texts.

Source: 苏剑林, https://kexue.fm/archives/8348; Gao et al. 2021, https://arxiv.org/abs/2104.08821
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from zhnlp.nn.losses.contrast import contrast
from zhnlp.nn.losses.cosine import wide
from zhnlp.nn.losses.info_nce import info_nce


def simcse(cos: Tensor, *, scale: float = 20.0, groups: Tensor | None = None) -> Tensor:
    """Without labels: cross entropy of the other reading of each text among all readings but its own, in nats.

    The form of the post.  The paper compares first readings with second ones alone: ``contrast(cosines(first, second))``.

    Args:
        cos: (2B, 2B) in [-1, 1] of the readings a, a', b, b', … among themselves; the diagonal is left out.
        scale: inverse temperature.
        groups: (2B,); other readings of the same group are left out, for texts that stand in the batch twice.

    Raises:
        ValueError: the shape is no square, or odd.

    Example:
        >>> simcse(torch.full((4, 4), 0.5))  # one right answer of three
        tensor(1.0986)
    """
    if cos.ndim != 2 or cos.size(0) != cos.size(1) or cos.size(0) % 2:
        raise ValueError(
            f"cos is {tuple(cos.shape)}: expected (2B, 2B), every text twice in a row. "
            "Next: cosines(torch.stack([first, second], 1).flatten(0, 1))"
        )
    own = torch.eye(len(cos), dtype=torch.bool, device=cos.device)
    partner = torch.arange(len(cos), device=cos.device) ^ 1
    return info_nce((scale * wide(cos)).masked_fill(own, -torch.inf), partner, groups=groups)


def supervised_simcse(
    cos: Tensor,
    *,
    scale: float = 20.0,
    hard_weight: float = 1.0,
    groups: Tensor | None = None,
    others: Tensor | None = None,
) -> Tensor:
    """With a right answer and a hard wrong one for each text: cross entropy over all answers of the batch, in nats.

    Args:
        cos: (B, 2B) in [-1, 1]: columns 0 … B-1 are the right answers, B … 2B-1 the hard wrong ones, in the order of the rows.
        scale: inverse temperature.
        hard_weight: α > 0, how many times a text's own hard wrong answer counts.
        groups, others: (B,) and (2B,) as in `contrast`.

    Raises:
        ValueError: the shape is another, or α is not above 0.

    Example:
        >>> supervised_simcse(torch.full((1, 2), 0.5), hard_weight=3.0)  # one in 1 + 3
        tensor(1.3863)
    """
    if cos.ndim != 2 or cos.size(1) != 2 * cos.size(0) or not hard_weight > 0:
        raise ValueError(
            f"cos is {tuple(cos.shape)} and hard_weight {hard_weight!r}: expected (B, 2B), right answers and then hard wrong "
            "ones, and a weight above 0. Next: texts without hard wrong answers take contrast"
        )
    cos = wide(cos)
    if hard_weight != 1:
        own = torch.eye(len(cos), dtype=cos.dtype, device=cos.device)
        cos = cos + torch.cat([0 * own, own * (math.log(hard_weight) / scale)], 1)
    return contrast(cos, groups=groups, others=others, scale=scale)
