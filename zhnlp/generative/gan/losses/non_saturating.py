"""The GAN as it is trained: log-likelihood of a binary classifier, and a generator that wants to be called real."""

import torch.nn.functional as F
from torch import Tensor

from zhnlp.generative.gan.losses.saturating import Saturating


class NonSaturating(Saturating):
    """Critic −log D(real) − log(1 − D(fake)), generator −log D(fake), D = sigmoid(score); nats.

    Example:
        >>> import torch
        >>> zero = torch.zeros(4)
        >>> round(NonSaturating().critic(zero, zero).item(), 4), round(NonSaturating().generator(zero).item(), 4)
        (1.3863, 0.6931)

    Source: Goodfellow et al. 2014; https://kexue.fm/archives/5716
    """

    name = "non-saturating"

    def generator(self, fake: Tensor) -> Tensor:
        return F.softplus(-fake).mean()
