"""Softmax over classes in which the right one counts less than its cosine: the common part of the margin losses.

B batch, C classes, s scale.

Source: 苏剑林, https://kexue.fm/archives/5743
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from zhnlp.nn.losses.cosine import wide


def margin_softmax(
    cos: Tensor, target: Tensor, psi: Callable[[Tensor], Tensor], *, scale: float = 30.0
) -> Tensor:
    """Cross entropy of ``s · cos`` with ψ(cos) in place of the right cosine, mean over the batch, in nats, 0 or more.

    ψ < cos makes it a margin.  ψ is written into the column of the right class and an ordinary cross entropy taken: the form
    of the reference, ``log(1 - exp(s · cos - Z))``, is infinite in float16 and may be negative in float32.

    Args:
        cos: (B, C) in [-1, 1].
        target: (B,) whole numbers in [0, C).
        psi: what counts in place of the right cosines, from (B, 1) to (B, 1).
        scale: s, the inverse temperature, above 0.

    Raises:
        ValueError: there is no row, the shapes do not fit, or a target is no class.

    Example:
        >>> cos = torch.tensor([[1.0, 0.0]])
        >>> margin_softmax(cos, torch.tensor([0]), lambda right: 0 * right, scale=30.0)  # ln 2
        tensor(0.6931)
    """
    check_classes(cos, target)
    cos, column = wide(cos), target[:, None]
    return F.cross_entropy(scale * cos.scatter(1, column, psi(cos.gather(1, column))), target)


def check_classes(cos: Tensor, target: Tensor) -> None:
    """Refuse cosines and targets that do not fit; on a GPU the range of the targets is left to the kernel."""
    if cos.ndim != 2 or target.shape != cos.shape[:1] or len(cos) == 0 or target.dtype != torch.long:
        raise ValueError(
            f"cos is {tuple(cos.shape)} and target {tuple(target.shape)} of {target.dtype}: "
            "expected (B, C) and (B,) of torch.int64 with B > 0"
        )
    if target.device.type == "cpu" and not 0 <= target.min() <= target.max() < cos.size(1):
        raise ValueError(
            f"target has {int(target.min())} to {int(target.max())}: expected classes in [0, {cos.size(1)}). "
            "Next: number the groups without gaps, from 0"
        )
