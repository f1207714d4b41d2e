"""Slopes pulled to 0, where the equilibrium has them: the recurring conclusion of the posts."""

from torch import Tensor

from zhnlp.generative.gan.constraints.base import Penalty


class ZeroCentredPenalty(Penalty):
    """weight · mean ‖∇T‖², which makes the dynamics of 6583 a damped oscillation: it converges.

    Example:
        >>> import torch
        >>> x = torch.zeros(4, 2)
        >>> ZeroCentredPenalty(10)(lambda x: 3 * x[:, 0] + 4 * x[:, 1], x, x).item()
        250.0

    Source: https://kexue.fm/archives/6139, https://kexue.fm/archives/6583
    """

    def __init__(self, weight: float = 10.0, at: str = "interp"):
        super().__init__(weight, at)

    def of(self, squares: Tensor) -> Tensor:
        return squares


class R1(ZeroCentredPenalty):
    """½ γ mean ‖∇T‖² at real examples.

    Example:
        >>> import torch
        >>> R1(10)(lambda x: 3 * x[:, 0], torch.zeros(4, 1), torch.zeros(4, 1)).item()
        45.0

    Source: Mescheder et al. 2018
    """

    def __init__(self, gamma: float = 10.0):
        super().__init__(gamma / 2, "real")


class R2(ZeroCentredPenalty):
    """½ γ mean ‖∇T‖² at generated examples.

    Source: Mescheder et al. 2018
    """

    def __init__(self, gamma: float = 10.0):
        super().__init__(gamma / 2, "fake")
