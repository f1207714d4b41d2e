"""WGAN-GP: slopes pulled to 1, on both sides or from above only."""

from torch import Tensor

from zhnlp.generative.gan.constraints.base import Penalty

TINY = 1e-24  # keeps the root's own gradient finite where a slope is exactly 0


class OneCentredPenalty(Penalty):
    """weight · mean (‖∇T‖ − 1)².  Pulls flat places up as well, and does not converge at the equilibrium (6583).

    Example:
        >>> import torch
        >>> x = torch.zeros(4, 2)
        >>> OneCentredPenalty(10)(lambda x: 3 * x[:, 0] + 4 * x[:, 1], x, x).item()  # 10 · (5 − 1)²
        160.0

    Source: Gulrajani et al. 2017; https://kexue.fm/archives/4439
    """

    def __init__(self, weight: float = 10.0, at: str = "interp"):
        super().__init__(weight, at)

    def of(self, squares: Tensor) -> Tensor:
        return ((squares + TINY).sqrt() - 1).square()


class OneSidedPenalty(OneCentredPenalty):
    """weight · mean max(0, ‖∇T‖ − 1), not squared, as the MNIST script of the posts has it.

    Example:
        >>> import torch
        >>> x = torch.zeros(4, 1)
        >>> [OneSidedPenalty(10)(lambda x: s * x[:, 0], x, x).item() for s in (0.5, 3)]
        [0.0, 20.0]

    Source: https://kexue.fm/archives/6280
    """

    def of(self, squares: Tensor) -> Tensor:
        return ((squares + TINY).sqrt() - 1).relu()
