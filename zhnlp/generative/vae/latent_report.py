"""What the latent dimensions of a VAE do: which carry something, and whether the posteriors add up to the prior.

Source: 苏剑林, https://kexue.fm/archives/5383; Burda et al. 2015, https://arxiv.org/abs/1509.00519 (active units)
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from zhnlp.generative.vae.normals import Normal

ACTIVE = 0.01  # nats of KL


class LatentReport(NamedTuple):
    """Over N examples; D latent dimensions.

    Attributes:
        kl: (D,) mean KL(p(z|x) ‖ q(z)) in nats.
        active: dimensions with more than 0.01 nat; the others have collapsed to the prior and carry nothing.
        mean: (D,) of the aggregate posterior, less the prior's; near 0 if samples of the prior are to be good.
        variance: (D,) of the aggregate posterior in units of the prior's: Var μ + E σ²; near 1.
        width: (D,) mean σ² of single posteriors; small where z says much about x.
    """

    kl: Tensor
    active: int
    mean: Tensor
    variance: Tensor
    width: Tensor

    def summary(self) -> dict[str, float]:
        """The figures in one row."""
        return {
            "kl": self.kl.sum().item(),
            "active": float(self.active),
            "aggregate_mean": self.mean.abs().mean().item(),
            "aggregate_variance": self.variance.mean().item(),
        }


def report_of(posterior: Normal, prior: Normal | None = None) -> LatentReport:
    """Of posteriors (N, D) and their priors, None for N(0, I).

    Example:
        >>> import torch
        >>> two = report_of(Normal(torch.tensor([[1.0, 0.0], [-1.0, 0.0]]), torch.tensor([[-9.0, 0.0]] * 2)))
        >>> two.active, two.variance, two.kl.round(decimals=2)
        (1, tensor([1.0001, 1.0000]), tensor([4.5000, 0.0000]))
    """
    kl = posterior.kl(prior).mean(0)
    mean, width = posterior.mean, posterior.log_variance.exp()
    if prior is not None:
        scale = (prior.log_variance / 2).exp()
        mean, width = (mean - prior.mean) / scale, width / scale.square()
    variance = mean.var(0, correction=0) + width.mean(0)
    return LatentReport(kl, int((kl > ACTIVE).sum()), mean.mean(0), variance, width.mean(0))
