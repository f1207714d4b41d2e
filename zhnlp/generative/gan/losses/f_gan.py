"""The GAN of an f-divergence."""

from torch import Tensor

from zhnlp.generative.gan.divergences.f_divergence import FDivergence
from zhnlp.generative.gan.losses.base import AdversarialLoss


class FLoss(AdversarialLoss):
    """Critic g(T(fake)) − T(real), generator −T(fake), or −g(T(fake)) where it saturates; P the data, Q the generator.

    Args:
        divergence: a name of `FDivergence`.
        saturating: the game itself instead of the generator loss with stronger slopes.

    Example:
        >>> import torch
        >>> FLoss("kl").critic(torch.tensor([3.0]), torch.tensor([1.0])).item()  # e⁰ − 3
        -2.0

    Source: https://kexue.fm/archives/6016
    """

    def __init__(self, divergence: str, saturating: bool = False):
        self.divergence, self.saturating = FDivergence(divergence), saturating
        self.name = f"f:{self.divergence.name}"

    def __repr__(self) -> str:
        return f"FLoss({self.divergence.name!r}, saturating={self.saturating})"

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        return self.divergence.critic_loss(real, fake)

    def generator(self, fake: Tensor) -> Tensor:
        return self.divergence.generator_loss(fake, saturating=self.saturating)
