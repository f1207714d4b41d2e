"""Classes by the million: each step compares with the right ones of the batch and a draw of the others (Partial FC).

B batch, C classes, S classes of a step, D dimensions.

Source: An et al. 2022, https://arxiv.org/abs/2203.15565
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zhnlp.nn.losses.cosine import cosines


def sample_classes(
    target: Tensor, classes: int, count: int, *, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """All classes of the batch and as many others, drawn evenly, as make ``count`` together.

    Args:
        target: (B,) whole numbers in [0, C).
        classes: C.
        count: S in [1, C]; where the batch alone has more classes, they are all of them.
        generator: of the draw; None for torch's own.

    Returns:
        The classes of the step (S,) in rising order, and the place of each target among them (B,).

    Raises:
        ValueError: ``count`` or a target is out of range.

    Example:
        >>> chosen, place = sample_classes(torch.tensor([9, 2, 9]), classes=1000, count=4)
        >>> len(chosen), chosen[place].tolist()
        (4, [9, 2, 9])
    """
    if not 1 <= count <= classes:
        raise ValueError(f"got count={count} of {classes} classes: expected 1 to {classes}")
    if target.device.type == "cpu" and len(target) and not 0 <= target.min() <= target.max() < classes:
        raise ValueError(
            f"target has {int(target.min())} to {int(target.max())}: expected classes in [0, {classes})"
        )
    right = target.unique()
    chance = torch.rand(classes, generator=generator, device=target.device)
    chance[right] = 2.0
    chosen = chance.topk(max(count, len(right)), sorted=False).indices.sort().values
    return chosen, torch.searchsorted(chosen, target)


class ClassCentres(nn.Module):
    """One vector a class; gives the cosines that the losses against classes take.

    Args:
        dim: D.
        classes: C.
        sample: S, classes of a training step; None for all.  In evaluation all are compared.
        sparse: the gradient has rows for the classes of the step alone, for ``torch.optim.SparseAdam``: a step then touches S
            rows and not C.  Only with ``sample``.

    Raises:
        ValueError: ``sample`` is out of range, or ``sparse`` without it.

    Example:
        >>> from zhnlp.nn.losses.am_softmax import am_softmax
        >>> centres = ClassCentres(dim=8, classes=1000, sample=16)
        >>> cos, target = centres(torch.randn(4, 8), torch.tensor([0, 10, 999, 10]))
        >>> cos.shape, bool(am_softmax(cos, target) > 0)
        (torch.Size([4, 16]), True)
    """

    def __init__(self, dim: int, classes: int, sample: int | None = None, *, sparse: bool = False):
        super().__init__()
        if (sparse and sample is None) or not (sample is None or 1 <= sample <= classes):
            raise ValueError(
                f"got sample={sample}, sparse={sparse} with {classes} classes: expected a sample of 1 to {classes}, "
                "or None and sparse=False"
            )
        self.sample, self.sparse = sample, sparse
        self.weight = nn.Parameter(torch.randn(classes, dim) / dim**0.5)

    def forward(self, vectors: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines (B, S) of ``vectors`` (B, D), and the columns of the right ones (B,) of ``target`` (B,)."""
        if self.sample is None or not self.training:
            return cosines(vectors, self.weight), target
        chosen, target = sample_classes(target, len(self.weight), self.sample)
        return cosines(vectors, F.embedding(chosen, self.weight, sparse=self.sparse)), target
