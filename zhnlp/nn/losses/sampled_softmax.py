"""Softmax over a vocabulary of which a sample is scored, its scores mended by how often each is drawn (log-Q correction)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from zhnlp.nn.losses.binary_nce import with_noise
from zhnlp.nn.losses.cosine import wide
from zhnlp.nn.losses.info_nce import info_nce


def sampled_softmax(
    data: Tensor,
    noise: Tensor,
    noise_log_q: Tensor | None,
    *,
    hits: Tensor | None = None,
    data_log_q: Tensor | None = None,
) -> Tensor:
    """``-G + log(e^G + Σ_K e^{G_k} / (K q_k))``, mean over the data, in nats: the full softmax as K grows.

    The sum over the noise has the mean that the sum over all wrong ones has, if the noise that hits the right one is left out.
    With ``data_log_q`` the right score is mended as well, the form of TensorFlow and of two-tower models whose right ones are
    drawn like the noise.

    Args:
        data: (B,) scores of the right ones.
        noise: (B, K) scores of noise.
        noise_log_q: (B, K) log-chances of the noise in one draw; None for no correction: frequent ones then
            come out too low.
        hits: (B, K) of bools, noise that is the right one; it is left out.
        data_log_q: (B,) log-chances of the right ones, or None.

    Raises:
        ValueError: the shapes do not fit.

    Example:
        >>> data, noise = torch.zeros(1), torch.zeros(1, 2)
        >>> sampled_softmax(data, noise, torch.full((1, 2), -math.log(8)))  # 1 right one, 8 others for the two drawn
        tensor(2.1972)

    Source: Bengio and Senécal 2008, https://doi.org/10.1109/TNN.2007.912312; Yi et al. 2019,
    https://doi.org/10.1145/3298689.3346996
    """
    data, noise = with_noise(data, noise, None, None)
    count = math.log(noise.size(1))
    for name, value, scores in (
        ("noise_log_q", noise_log_q, noise),
        ("data_log_q", data_log_q, data),
        ("hits", hits, noise),
    ):
        if value is not None and value.shape != scores.shape:
            raise ValueError(f"{name} is {tuple(value.shape)}: expected {tuple(scores.shape)} as the scores")
    if noise_log_q is not None:
        noise = noise - wide(noise_log_q) - count
    if data_log_q is not None:
        data = data - wide(data_log_q) - count
    if hits is not None:
        noise = noise.masked_fill(hits, -torch.inf)
    first = torch.zeros(len(data), dtype=torch.long, device=data.device)
    return info_nce(torch.cat([data[:, None], noise], 1), first)
