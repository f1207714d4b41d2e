"""A fixed order of channels, so that the next coupling moves others."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from zhnlp.generative.flow.bijection import Bijection


class Permutation(Bijection):
    """z = x[:, order]; the log-determinant is 0.

    Args:
        order: of the channels, each once.

    Raises:
        ValueError: a channel is missing or there twice.

    Example:
        >>> Permutation([2, 0, 1])(torch.tensor([[10.0, 11.0, 12.0]]))[0].tolist()
        [[12.0, 10.0, 11.0]]
    """

    def __init__(self, order: Sequence[int]):
        super().__init__()
        order = torch.as_tensor(order)
        if order.sort().values.tolist() != list(range(len(order))):
            raise ValueError(
                f"order got {order.tolist()}: expected each of 0 … {len(order) - 1} once. "
                "Next: Permutation.reversed(channels) or Permutation.random(channels, seed=0)"
            )
        self.register_buffer("order", order)
        self.register_buffer("back", order.argsort())

    @classmethod
    def reversed(cls, channels: int) -> Permutation:
        """Last channel first: the halves of a coupling change places."""
        return cls(range(channels - 1, -1, -1))

    @classmethod
    def random(cls, channels: int, *, seed: int = 0) -> Permutation:
        """The same order for the same seed; the order is saved with the weights."""
        return cls(torch.randperm(channels, generator=torch.Generator().manual_seed(seed)))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x[:, self.order], x.new_zeros(len(x))

    def inverse(self, z: Tensor) -> Tensor:
        return z[:, self.back]
