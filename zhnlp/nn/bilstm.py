"""A bidirectional LSTM over rows of different lengths, on the fused kernels.

B batch, L positions, D features, H features of a direction.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class BiLSTM(nn.Module):
    """Both directions over rows that are padded on the right; what stands in the padding changes nothing.

    The second direction is an LSTM over the reversed rows: on a CPU packed sequences have no fused kernel, and training on
    them takes several times as long.

    Args:
        size: D.
        hidden: H.

    Example:
        >>> lstm, x = BiLSTM(3, 2), torch.randn(2, 4, 3)
        >>> y = lstm(x, torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]]))
        >>> y.shape, y[1, 2:].abs().sum().item()
        (torch.Size([2, 4, 4]), 0.0)
    """

    def __init__(self, size: int, hidden: int):
        super().__init__()
        self.ahead = nn.LSTM(size, hidden, batch_first=True)
        self.back = nn.LSTM(size, hidden, batch_first=True)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, L, 2H), 0 in the padding.

        Args:
            x: (B, L, D).
            mask: (B, L), 1 for real places.
        """
        order = reversal(mask)[..., None]
        back = self.back(x.gather(1, order.expand_as(x)))[0]
        both = torch.cat((self.ahead(x)[0], back.gather(1, order.expand_as(back))), -1)
        return both * mask[..., None].to(both.dtype)


def reversal(mask: Tensor) -> Tensor:
    """(B, L) positions that turn the real places of each row around and leave its padding; it is its own inverse.

    Example:
        >>> reversal(torch.tensor([[1, 1, 1, 0]])).tolist()
        [[2, 1, 0, 3]]
    """
    places = torch.arange(mask.shape[1], device=mask.device)
    turned = mask.sum(1, keepdim=True) - 1 - places
    return torch.where(turned < 0, places, turned)
