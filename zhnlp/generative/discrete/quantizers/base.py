"""What a quantizer gives, and how evenly it uses its codes.  K codes, D features."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Quantized(NamedTuple):
    """Vectors that were rounded.

    Attributes:
        vectors: (..., D) of the codes; gradients go to what was rounded.
        codes: (...) whole numbers from 0 to K - 1.
        losses: 0-d terms by name, to be added to the loss; {} where nothing has to be learned.
    """

    vectors: Tensor
    codes: Tensor
    losses: dict[str, Tensor]


def perplexity(codes: Tensor, size: int) -> Tensor:
    """e to the entropy of the codes' shares, 0-d: 1 if all are the same, K = ``size`` if all are used alike.

    Example:
        >>> perplexity(torch.tensor([[0, 1], [1, 0]]), 5)
        tensor(2.)
    """
    shares = torch.bincount(codes.flatten(), minlength=size) / codes.numel()
    return torch.special.entr(shares).sum().exp()
