"""One half of the channels moves, by what a network says of the other half, which stays.

Source: Dinh, Krueger and Bengio 2015, arXiv 1410.8516; Dinh et al. 2017, arXiv 1605.08803; https://kexue.fm/archives/5977
"""

from __future__ import annotations

import torch
from torch import Tensor

from zhnlp.generative.flow.bijection import Bijection
from zhnlp.generative.flow.conditioners import Conditioner, mlp

KINDS = ("affine", "additive")


class Coupling(Bijection):
    """(a, b) → (a, b · exp(s(a)) + t(a)), with s bounded; additive has s = 0 and so keeps volume.

    Args:
        channels: C ≥ 2; the first ⌈C/2⌉ stay.
        kind: "affine" or "additive".
        conditioner: (channels in, channels out) → network of a.
        limit: |s| < limit, in nats for each coordinate.

    Raises:
        ValueError: one channel, which has no halves; an unknown kind.

    Example:
        >>> coupling, x = Coupling(4), torch.randn(3, 4)
        >>> z, log_det = coupling(x)  # the network starts at 0, so nothing moves yet
        >>> torch.equal(z, x), log_det.tolist()
        (True, [0.0, 0.0, 0.0])
    """

    def __init__(
        self, channels: int, *, kind: str = "affine", conditioner: Conditioner = mlp, limit: float = 2.0
    ):
        super().__init__()
        if channels < 2:
            raise ValueError(
                f"a coupling of {channels} channel: expected 2 or more, one half to look at and one to move. "
                "Next: Squeeze() before it makes 4 channels of 1"
            )
        if kind not in KINDS:
            raise ValueError(f"kind got {kind!r}: expected {' or '.join(map(repr, KINDS))}")
        self.kind, self.limit = kind, limit
        self.halves = (channels - channels // 2, channels // 2)
        self.network = conditioner(self.halves[0], self.halves[1] * (2 if kind == "affine" else 1))

    def _move(self, a: Tensor) -> tuple[Tensor, Tensor | None]:
        """t and s of the moving half."""
        if self.kind == "additive":
            return self.network(a), None
        shift, raw = self.network(a).chunk(2, dim=1)
        return shift, self.limit * torch.tanh(raw / self.limit)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        a, b = x.split(self.halves, dim=1)
        shift, log_scale = self._move(a)
        if log_scale is None:
            return torch.cat([a, b + shift], 1), x.new_zeros(len(x))
        return torch.cat([a, b * log_scale.exp() + shift], 1), log_scale.flatten(1).sum(1)

    def inverse(self, z: Tensor) -> Tensor:
        a, b = z.split(self.halves, dim=1)
        shift, log_scale = self._move(a)
        b = b - shift
        return torch.cat([a, b if log_scale is None else b * (-log_scale).exp()], 1)
