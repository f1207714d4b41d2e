"""Self-modulated layer norm: gain and bias are computed from a condition, such as a summary of the source.

D features, C features of the condition.

Source: 苏剑林, https://kexue.fm/archives/5861; Chen et al. 2018, https://arxiv.org/abs/1810.01365
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SelfModulatedNorm(nn.Module):
    """LN(x) · (1 + γ(c)) + β(c), LN without gain and bias of its own; γ and β are each Linear, ReLU, Linear.

    Args:
        size: D.
        condition_size: C.
        hidden: features between the two linear maps.

    Example:
        >>> norm = SelfModulatedNorm(4, 3)
        >>> norm(torch.randn(2, 5, 4), torch.randn(2, 1, 3)).shape  # one condition for the five positions of a row
        torch.Size([2, 5, 4])
    """

    def __init__(self, size: int, condition_size: int, hidden: int = 32):
        super().__init__()
        self.gain, self.bias = (
            nn.Sequential(nn.Linear(condition_size, hidden), nn.ReLU(), nn.Linear(hidden, size))
            for _ in range(2)
        )

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """(…, D) of ``x`` (…, D) and a condition (…, C), whose leading sizes broadcast against it."""
        return modulate(x, *self.modulation(condition))

    def modulation(self, condition: Tensor) -> tuple[Tensor, Tensor]:
        """1 + γ(c) and β(c), each (…, D): where many ``x`` come to one condition they are computed once."""
        return 1 + self.gain(condition), self.bias(condition)


def modulate(x: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    """``x`` (…, D) with mean 0 and variance 1 in each row, times ``gain``, plus ``bias``.

    Example:
        >>> modulate(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 2.0]), torch.tensor([0.0, 5.0])).round(decimals=3).tolist()
        [-1.0, 7.0]
    """
    return torch.addcmul(bias, F.layer_norm(x, x.shape[-1:]).to(bias.dtype), gain)
