"""Hinge loss: scores beyond the margin teach the critic nothing."""

from torch import Tensor

from zhnlp.generative.gan.losses.base import AdversarialLoss


class Hinge(AdversarialLoss):
    """Critic max(0, 1 − real) + max(0, 1 + fake), generator −fake.

    Example:
        >>> import torch
        >>> Hinge().critic(torch.tensor([0.5, 3.0]), torch.tensor([-2.0, 0.0])).item()  # (.5 + 0)/2 + (0 + 1)/2
        0.75

    Source: Lim and Ye 2017; Miyato et al. 2018
    """

    name = "hinge"

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        return (1 - real).relu().mean() + (1 + fake).relu().mean()

    def generator(self, fake: Tensor) -> Tensor:
        return -fake.mean()
