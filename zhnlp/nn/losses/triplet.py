"""Triplet loss: a text is nearer to the right one than to the wrong one, by a margin."""

from __future__ import annotations

from torch import Tensor

from zhnlp.nn.losses.cosine import wide


def triplet(right: Tensor, wrong: Tensor, *, margin: float = 0.2) -> Tensor:
    """Mean of ``max(0, wrong - right + margin)``, in [0, 2 + margin].

    With squared distances of unit vectors, ``2 - 2 cos``, the margin would be twice as large.

    Args:
        right: (B,) cosines of anchors with their right ones.
        wrong: (B,) cosines of the same anchors with wrong ones.
        margin: in [0, 2].

    Raises:
        ValueError: the shapes do not fit, or there is none.

    Example:
        >>> import torch
        >>> triplet(torch.tensor([0.9, 0.5]), torch.tensor([0.1, 0.6]))  # (0 + 0.3) / 2
        tensor(0.1500)

    Source: Schroff et al. 2015, https://arxiv.org/abs/1503.03832
    """
    if right.ndim != 1 or right.shape != wrong.shape or len(right) == 0:
        raise ValueError(
            f"right is {tuple(right.shape)} and wrong {tuple(wrong.shape)}: expected (B,) twice with B > 0. "
            "Next: paired_cosines makes them of vectors"
        )
    return (wide(wrong) - wide(right) + margin).relu().mean()
