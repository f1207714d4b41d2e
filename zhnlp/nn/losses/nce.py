"""Noise contrast for any energy: draws the noise, scores data and noise, and takes one of the four losses.

B data, K noise samples a datum.

Source: 苏剑林, https://kexue.fm/archives/5617
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from zhnlp.nn.losses.binary_nce import binary_nce
from zhnlp.nn.losses.ranking_nce import ranking_nce
from zhnlp.nn.losses.sampled_softmax import sampled_softmax

MODES = ("binary", "ranking", "infonce", "sampled_softmax")


class NCE(nn.Module):
    """A loss of scores G(x) that needs no partition function.

    | mode | the best G, with the correction | without |
    |---|---|---|
    | ``binary`` | log p + γ | log p / (K q) + γ (negative sampling) |
    | ``ranking`` | log p + anything of the condition | log p / q + the same |
    | ``infonce`` | never corrected | log p / q + the same |
    | ``sampled_softmax`` | log p + the same, as K grows | in between |

    Args:
        noise: a distribution with ``sample`` and ``log_prob``, on the device of the data: one sample is like one datum.
        k: K, noise samples a datum, 1 or more.
        learn_gamma: γ = log Z is learnt, from 0; only for ``binary``, the others do not see it.
        mode: one of the four.
        logq_correction: the log-chances of the noise are taken off the scores.

    Raises:
        ValueError: an unknown mode, K below 1, or ``learn_gamma`` with another mode than ``binary``.

    Example:
        >>> from torch.distributions import Normal
        >>> loss = NCE(Normal(0.0, 2.0), k=5, learn_gamma=True)
        >>> loss(lambda x: -x.square() / 2, torch.randn(100)).shape, loss.gamma.shape
        (torch.Size([]), torch.Size([]))
    """

    def __init__(
        self,
        noise: Distribution,
        k: int = 10,
        *,
        learn_gamma: bool = False,
        mode: str = "binary",
        logq_correction: bool = True,
    ):
        super().__init__()
        if mode not in MODES or k < 1:
            raise ValueError(f"got mode={mode!r}, k={k!r}: expected one of {', '.join(MODES)} and 1 or more")
        if learn_gamma and mode != "binary":
            raise ValueError(
                f"got learn_gamma=True with mode={mode!r}: γ falls out of it. Next: mode='binary'"
            )
        self.noise, self.k, self.mode, self.logq_correction = noise, k, mode, logq_correction
        self.gamma = nn.Parameter(torch.zeros(())) if learn_gamma else None

    def forward(self, score: Callable[[Tensor], Tensor], data: Tensor) -> Tensor:
        """The loss of ``data`` (B, …), mean over it, in nats.

        ``score`` gives (B, K + 1) of samples (B, K + 1, …), the datum before its noise: a conditional energy finds the
        condition of row b in all samples of row b.
        """
        noise = self.noise.sample((len(data), self.k))
        both = torch.cat([data[:, None], noise.to(data.dtype)], 1)
        scores = score(both)
        if scores.shape != both.shape[:2]:
            raise ValueError(
                f"score gave {tuple(scores.shape)} for samples {tuple(both.shape)}: expected {tuple(both.shape[:2])}, "
                "one number a sample"
            )
        right, wrong = scores[:, 0], scores[:, 1:]
        if self.mode == "infonce":
            return ranking_nce(right, wrong)
        log_q = self.noise.log_prob(both) if self.logq_correction else None
        chances = (None, None) if log_q is None else (log_q[:, 0], log_q[:, 1:])
        if self.mode == "ranking":
            return ranking_nce(right, wrong, *chances)
        if self.mode == "sampled_softmax":
            hits = None if data.is_floating_point() else noise == data[:, None]
            return sampled_softmax(right, wrong, chances[1], hits=hits)
        return binary_nce(right, wrong, *chances, log_z=0.0 if self.gamma is None else self.gamma)
