"""LSGAN: scores are pulled to targets."""

from torch import Tensor

from zhnlp.generative.gan.losses.base import AdversarialLoss


class LeastSquares(AdversarialLoss):
    """Critic ½(real − b)² + ½(fake − a)², generator ½(fake − c)².

    With b − c = 1 and b − a = 2 it is Pearson's χ² between p + q and 2 q.

    Args:
        fake_target, real_target, wanted: a < b, and c, to which the generator pulls; c = b by default.

    Raises:
        ValueError: a is not below b, so that real would not be high.

    Example:
        >>> import torch
        >>> LeastSquares().critic(torch.tensor([3.0]), torch.tensor([1.0])).item()  # (3 − 1)²/2 + (1 − 0)²/2
        2.5

    Source: Mao et al. 2017
    """

    name = "least-squares"

    def __init__(self, fake_target: float = 0.0, real_target: float = 1.0, wanted: float | None = None):
        if not fake_target < real_target:
            raise ValueError(
                f"targets got fake {fake_target}, real {real_target}: expected fake below real, since real = high"
            )
        self.fake_target, self.real_target = fake_target, real_target
        self.wanted = real_target if wanted is None else wanted

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        return ((real - self.real_target).square().mean() + (fake - self.fake_target).square().mean()) / 2

    def generator(self, fake: Tensor) -> Tensor:
        return (fake - self.wanted).square().mean() / 2
