"""Noise contrast by two classes: is a sample data or noise?

B data, K noise samples a datum, G score (energy with the sign turned), q noise.

Source: 苏剑林, https://kexue.fm/archives/5617; Gutmann and Hyvärinen 2010, https://proceedings.mlr.press/v9/gutmann10a.html
"""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor

from zhnlp.nn.losses.cosine import wide


def binary_nce(
    data: Tensor,
    noise: Tensor,
    data_log_q: Tensor | None = None,
    noise_log_q: Tensor | None = None,
    *,
    log_z: Tensor | float = 0.0,
) -> Tensor:
    """``-log σ(l(data)) - Σ_K log σ(-l(noise))``, mean over the data, in nats, 0 or more.

    With the log-chances of the noise, l = G - log Z - log K q, and at the best G the data have density e^{G - log Z}: G comes
    out normalised where ``log_z`` is learnt or 0.  Without, l = G - log Z (the post's form; negative sampling): at the best G
    it is log p / (K q), for word vectors PMI - log K.

    Args:
        data: (B,) scores of data.
        noise: (B, K) scores of noise.
        data_log_q, noise_log_q: log-chances of the same samples under the noise, of the same shapes; both or none.
        log_z: log Z (the post's γ), a parameter of shape () or a number.

    Raises:
        ValueError: the shapes do not fit, or one of the log-chances is missing.

    Example:
        >>> import torch
        >>> binary_nce(torch.zeros(1), torch.zeros(1, 2))  # 3 ln 2
        tensor(2.0794)
    """
    data, noise = with_noise(data, noise, data_log_q, noise_log_q)
    shift = log_z if data_log_q is None else log_z + math.log(noise.size(1))
    return (F.softplus(shift - data) + F.softplus(noise - shift).sum(1)).mean()


def with_noise(
    data: Tensor, noise: Tensor, data_log_q: Tensor | None, noise_log_q: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Scores less their log-chances, (B,) and (B, K), in float32 or float64; refuses shapes that do not fit."""
    if data.ndim != 1 or noise.ndim != 2 or len(noise) != len(data) or 0 in noise.shape:
        raise ValueError(
            f"data is {tuple(data.shape)} and noise {tuple(noise.shape)}: expected (B,) and (B, K) with B, K > 0. "
            "Next: noise.expand(len(data), -1) for noise that all share"
        )
    if (data_log_q is None) != (noise_log_q is None):
        raise ValueError("got the log-chances of one side: expected those of data and noise, or none")
    if data_log_q is None:
        return wide(data), wide(noise)
    if data_log_q.shape != data.shape or noise_log_q.shape != noise.shape:
        raise ValueError(
            f"data_log_q is {tuple(data_log_q.shape)} and noise_log_q {tuple(noise_log_q.shape)}: "
            f"expected {tuple(data.shape)} and {tuple(noise.shape)} as the scores"
        )
    return wide(data) - wide(data_log_q), wide(noise) - wide(noise_log_q)
