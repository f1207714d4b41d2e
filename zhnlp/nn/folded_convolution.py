"""Dilated convolutions whose channels are folded in half by a sum, with a residual path.  B batch, C channels, L positions.

Source: 苏剑林, https://kexue.fm/archives/5505
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn


class FoldedBlock(nn.Module):
    """Convolutions of ``2 · channels`` filters, each followed by ReLU and the sum of the two halves; then x is added.

    A sum of two rectified filters is a piecewise linear function of its own, as in maxout, at the price of one more filter.

    Args:
        before: channels of the input; a convolution of width 1 fits the residual path where they are not ``channels``.
        channels: of the output.
        dilations: of the convolutions, one each; with kernel 3 and 1, 2, 4 an output sees 15 positions.
        kernel: odd.

    Raises:
        ValueError: ``kernel`` is even.

    Example:
        >>> import torch
        >>> FoldedBlock(1, 16)(torch.zeros(2, 1, 100)).shape
        torch.Size([2, 16, 100])

    Source: 苏剑林, https://kexue.fm/archives/5505
    """

    def __init__(self, before: int, channels: int, dilations: Sequence[int] = (1, 2, 4), *, kernel: int = 3):
        super().__init__()
        if kernel < 1 or kernel % 2 == 0:
            raise ValueError(f"kernel={kernel} is not possible: expected an odd number, so that lengths stay")
        sizes = [before, *[channels] * len(dilations)]
        self.layers = nn.ModuleList(
            nn.Conv1d(size, 2 * channels, kernel, dilation=dilation, padding=dilation * (kernel // 2))
            for size, dilation in zip(sizes, dilations)
        )
        self.residual = nn.Identity() if before == channels else nn.Conv1d(before, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, L) → (B, channels, L)."""
        y = x
        for layer in self.layers:
            first, second = layer(y).relu().chunk(2, 1)
            y = first + second
        return y + self.residual(x)
