"""WGAN: the difference of mean scores, which needs a constraint on the critic."""

from torch import Tensor

from zhnlp.generative.gan.losses.base import AdversarialLoss


class Wasserstein(AdversarialLoss):
    """Critic mean fake − mean real, generator −mean fake.

    Example:
        >>> import torch
        >>> Wasserstein().critic(torch.tensor([3.0]), torch.tensor([1.0])).item()
        -2.0

    Source: https://kexue.fm/archives/6280, https://kexue.fm/archives/4439
    """

    name = "wasserstein"

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        return fake.mean() - real.mean()

    def generator(self, fake: Tensor) -> Tensor:
        return -fake.mean()
