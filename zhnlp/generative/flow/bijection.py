"""What every layer of a flow is: a map that can be undone and that knows by how much it swells volume."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor, nn


class Bijection(nn.Module):
    """x → (z, log|det ∂z/∂x|), and back.  Data go forward to normal noise; sampling goes back.

    Layers take rows (B, C) and images (B, C, H, W): they act on dimension 1 and treat all positions alike.
    """

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """z, and the log-determinant (B,) in nats."""
        raise NotImplementedError

    def inverse(self, z: Tensor) -> Tensor:
        """The x whose ``forward`` is z."""
        raise NotImplementedError


class Identity(Bijection):
    """Nothing happens: a flow that is a standard normal."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x, x.new_zeros(len(x))

    def inverse(self, z: Tensor) -> Tensor:
        return z


class Flatten(Bijection):
    """(B, *shape) → (B, D): the last layer of a flow of images, whose noise is a row."""

    def __init__(self, shape: Iterable[int]):
        super().__init__()
        self.shape = tuple(shape)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x.flatten(1), x.new_zeros(len(x))

    def inverse(self, z: Tensor) -> Tensor:
        return z.view(len(z), *self.shape)


class Chain(Bijection):
    """Layers one after the other; their log-determinants add up.

    Example:
        >>> import torch
        >>> from zhnlp.generative.flow import ActNorm, InvertibleLinear
        >>> chain, x = Chain([ActNorm(3), InvertibleLinear(3)]), torch.randn(5, 3)
        >>> z, log_det = chain(x)
        >>> torch.allclose(chain.inverse(z), x, atol=1e-5), log_det.shape
        (True, torch.Size([5]))
    """

    def __init__(self, layers: Iterable[Bijection]):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        log_det = x.new_zeros(len(x))
        for layer in self.layers:
            x, more = layer(x)
            log_det = log_det + more
        return x, log_det

    def inverse(self, z: Tensor) -> Tensor:
        for layer in reversed(self.layers):
            z = layer.inverse(z)
        return z
