"""Contrast within a batch: the right answers of the others are the wrong ones (multiple negatives ranking)."""

from __future__ import annotations

import torch
from torch import Tensor

from zhnlp.nn.losses.cosine import wide
from zhnlp.nn.losses.info_nce import info_nce


def contrast(
    cos: Tensor,
    target: Tensor | None = None,
    *,
    groups: Tensor | None = None,
    others: Tensor | None = None,
    scale: float = 20.0,
    margin: float = 0.0,
    symmetric: bool = False,
) -> Tensor:
    """`info_nce` of ``scale · cos``, the right cosine less ``margin``, mean over rows, in nats, 0 or more.

    With a margin it is AM-Softmax whose classes are the rows of the batch and whose class vectors are their answers.

    Args:
        cos: (B, N) in [-1, 1], queries against answers; the first B answers are those of the queries, further ones hard
            negatives, which are wrong for all.
        target: (B,) column of the right answer; None for the diagonal.
        groups: (B,) group of each query; answers of its group other than the right one are left out, so a text that stands
            in the batch twice is not its own wrong answer.
        others: (N,) group of each answer; None where it is that of the query of the same number (N = B).
        scale: inverse temperature.
        margin: m, 0 or more.
        symmetric: the mean with the contrast of answers against queries; needs N = B and no target.

    Raises:
        ValueError: the shapes do not fit, the margin is negative, or ``symmetric`` with a target or with N ≠ B.

    Example:
        >>> import torch
        >>> contrast(torch.tensor([[0.8, 0.8], [0.0, 1.0]]))  # (ln 2 + log(1 + e^-20)) / 2
        tensor(0.3466)

    Source: Henderson et al. 2017, https://arxiv.org/abs/1705.00652; Yang et al. 2019, https://arxiv.org/abs/1902.08564 (margin)
    """
    if not 0 <= margin < float("inf"):
        raise ValueError(f"margin={margin!r} is not possible: expected 0 or more")
    cos = wide(cos)
    if margin:
        right = torch.arange(len(cos), device=cos.device) if target is None else target
        cos = cos - margin * (torch.arange(cos.size(-1), device=cos.device) == right[:, None])
    cos = scale * cos
    loss = info_nce(cos, target, groups=groups, others=others)
    if not symmetric:
        return loss
    if target is not None or cos.size(0) != cos.size(1):
        raise ValueError(
            f"got symmetric=True with cos {tuple(cos.shape)} and {'no' if target is None else 'a'} target: expected (B, B) "
            "and none. Next: leave the hard negatives out, or symmetric=False"
        )
    back = info_nce(cos.T, groups=groups if others is None else others, others=groups)
    return (loss + back) / 2
