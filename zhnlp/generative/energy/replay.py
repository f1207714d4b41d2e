"""A buffer of chains that go on where the last step of training left them; a few start anew each time.

Source: Du and Mordatch 2019, arXiv 1903.08689; https://kexue.fm/archives/6612
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class ReplayBuffer(nn.Module):
    """``size`` chains (size, *shape), which begin uniform on [low, high] and are saved with the model.

    Args:
        size: how many; 1 or more.
        shape: of one example.
        reinit: share of the chains drawn that starts anew, 0 to 1.
        low, high: of uniform noise.

    Raises:
        ValueError: a number out of its range.

    Example:
        >>> buffer = ReplayBuffer(100, (2,), reinit=0.0)
        >>> places, x = buffer.draw(10)
        >>> buffer.put(places, x + 5)
        >>> (buffer.chains[places] == x + 5).all().item()
        True
    """

    def __init__(
        self, size: int, shape: Sequence[int], *, reinit: float = 0.05, low: float = -1.0, high: float = 1.0
    ):
        super().__init__()
        if size < 1 or not 0 <= reinit <= 1 or not low < high:
            raise ValueError(
                f"got size={size}, reinit={reinit}, low={low}, high={high}: expected a size of 1 or more, a share of 0 to 1, "
                "and low below high"
            )
        self.reinit, self.low, self.high = reinit, low, high
        self.register_buffer("chains", torch.empty(size, *shape).uniform_(low, high))

    def fresh(self, n: int) -> Tensor:
        """(n, *shape) uniform noise."""
        return torch.empty(n, *self.chains.shape[1:], device=self.chains.device).uniform_(self.low, self.high)

    def draw(self, n: int) -> tuple[Tensor, Tensor]:
        """Places (n,) in the buffer and starts (n, *shape): what stands there, or fresh noise for a share ``reinit``."""
        device = self.chains.device
        places = torch.randint(len(self.chains), (n,), device=device)
        anew = torch.rand(n, device=device) < self.reinit
        starts = torch.where(anew.view(-1, *[1] * (self.chains.ndim - 1)), self.fresh(n), self.chains[places])
        return places, starts

    @torch.no_grad()
    def put(self, places: Tensor, x: Tensor) -> None:
        """Keep where the chains are now."""
        self.chains[places] = x.detach().to(self.chains.dtype)
