"""The min-max game itself: the generator lowers what the critic raises."""

import torch.nn.functional as F
from torch import Tensor

from zhnlp.generative.gan.losses.base import AdversarialLoss


class Saturating(AdversarialLoss):
    """Critic −log D(real) − log(1 − D(fake)), generator log(1 − D(fake)), whose slope vanishes where D is sure; nats.

    Example:
        >>> import torch
        >>> scores = torch.tensor([-20.0], requires_grad=True)
        >>> Saturating().generator(scores).backward()
        >>> bool(scores.grad.abs() < 1e-8)
        True

    Source: Goodfellow et al. 2014; https://kexue.fm/archives/6016
    """

    name = "saturating"

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        return F.softplus(-real).mean() + F.softplus(fake).mean()

    def generator(self, fake: Tensor) -> Tensor:
        return -F.softplus(fake).mean()
