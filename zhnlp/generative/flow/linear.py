"""An invertible matrix over the channels, kept as its LU factors so that its determinant costs nothing.

Source: Kingma and Dhariwal 2018, arXiv 1807.03039, section 3.2
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from zhnlp.generative.flow.bijection import Bijection


class InvertibleLinear(Bijection):
    """z = P L (U + diag(± exp s)) x at each position: the 1×1 convolution of Glow; it starts as a random rotation.

    P stays as it began, L has ones and U zeros on the diagonal, so the log-determinant is Σ s for each position.

    Args:
        channels: C.
        seed: of the rotation.

    Example:
        >>> layer, x = InvertibleLinear(4), torch.randn(3, 4)
        >>> torch.allclose(layer.inverse(layer(x)[0]), x, atol=1e-5)
        True
    """

    def __init__(self, channels: int, *, seed: int = 0):
        super().__init__()
        noise = torch.randn(
            channels, channels, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
        )
        place, lower, upper = torch.linalg.lu(torch.linalg.qr(noise).Q)
        diagonal = upper.diagonal()
        self.register_buffer("place", place.float())
        self.register_buffer("sign", diagonal.sign().float())
        self.log_diagonal = nn.Parameter(diagonal.abs().log().float())
        self.lower = nn.Parameter(lower.tril(-1).float())
        self.upper = nn.Parameter(upper.triu(1).float())

    def _factors(self) -> tuple[Tensor, Tensor]:
        lower = self.lower.tril(-1) + torch.eye(
            len(self.sign), dtype=self.lower.dtype, device=self.sign.device
        )
        return lower, self.upper.triu(1) + (self.sign * self.log_diagonal.exp()).diag()

    @property
    def weight(self) -> Tensor:
        """(C, C)."""
        lower, upper = self._factors()
        return self.place @ lower @ upper

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = (self.weight @ x.flatten(2) if x.ndim > 2 else x @ self.weight.mT).view_as(x)
        return z, (self.log_diagonal.sum() * x[0, 0].numel()).expand(len(x))

    def inverse(self, z: Tensor) -> Tensor:
        lower, upper = self._factors()
        columns = z.flatten(2) if z.ndim > 2 else z[..., None]  # (B, C, positions)
        columns = torch.linalg.solve_triangular(
            lower, self.place.mT @ columns, upper=False, unitriangular=True
        )
        return torch.linalg.solve_triangular(upper, columns, upper=True).view_as(z)
