"""AnglE: CoSENT on an angle of complex vectors, whose slope does not vanish where the cosine's does.

P pairs, D dimensions: the first half are real parts, the second imaginary ones.

Source: Li and Li 2023, https://arxiv.org/abs/2309.12871
"""

from __future__ import annotations

import torch
from torch import Tensor

from zhnlp.nn.losses.cosent import cosent
from zhnlp.nn.losses.cosine import unit


def angle(x: Tensor, y: Tensor, label: Tensor, *, scale: float = 20.0) -> Tensor:
    """`cosent` of `angle_similarity`, in nats, 0 or more.  The paper adds it to CoSENT and to a contrast in the batch.

    Args:
        x, y: (P, D) vectors of the pairs.
        label: (P,), only the order counts.
        scale: inverse temperature.

    Raises:
        ValueError: the shapes do not fit, or D is odd.

    Example:
        >>> x = torch.eye(2)
        >>> angle(x, x, torch.tensor([1, 0]))  # both pairs are alike
        tensor(0.6931)
    """
    return cosent(angle_similarity(x, y), label, scale=scale)


def angle_similarity(x: Tensor, y: Tensor) -> Tensor:
    """``|Σ Re(x ȳ) + Im(x ȳ)|`` of normalised complex vectors, that is |cosine + sine|: (P,) in [0, √2].

    Args:
        x, y: (P, D) with D even.

    Raises:
        ValueError: the shapes differ, or D is odd.

    Example:
        >>> angle_similarity(torch.tensor([[0.0, 1.0]]), torch.tensor([[1.0, 0.0]]))  # x = i, y = 1
        tensor([1.])
    """
    if x.ndim != 2 or x.shape != y.shape or x.size(1) % 2:
        raise ValueError(
            f"got vectors {tuple(x.shape)} and {tuple(y.shape)}: expected (P, D) twice with D even, halves are real and "
            "imaginary parts"
        )
    with torch.autocast(x.device.type, enabled=False):
        (a, b), (c, d) = unit(x).chunk(2, -1), unit(y).chunk(2, -1)
        return (a * c + b * d + b * c - a * d).sum(-1).abs()
