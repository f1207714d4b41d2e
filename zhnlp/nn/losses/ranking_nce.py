"""Noise contrast by ranks: which one of the K + 1 samples is the datum?"""

from __future__ import annotations

import torch
from torch import Tensor

from zhnlp.nn.losses.binary_nce import with_noise
from zhnlp.nn.losses.info_nce import info_nce


def ranking_nce(
    data: Tensor, noise: Tensor, data_log_q: Tensor | None = None, noise_log_q: Tensor | None = None
) -> Tensor:
    """Cross entropy of the datum among itself and its noise, by G - log q, mean over the data, in nats, 0 or more.

    log Z falls out, so a conditional model needs none: at the best G it is log p plus anything that depends on the condition
    alone.  Without the log-chances of the noise it is InfoNCE, whose best G is log p / q plus the same.

    Args:
        data: (B,) scores of data.
        noise: (B, K) scores of noise.
        data_log_q, noise_log_q: log-chances of the same samples under the noise, of the same shapes; both or none.

    Raises:
        ValueError: the shapes do not fit, or one of the log-chances is missing.

    Example:
        >>> ranking_nce(torch.zeros(1), torch.zeros(1, 2))  # ln 3
        tensor(1.0986)

    Source: Ma and Collins 2018, https://arxiv.org/abs/1809.01812
    """
    data, noise = with_noise(data, noise, data_log_q, noise_log_q)
    first = torch.zeros(len(data), dtype=torch.long, device=data.device)
    return info_nce(torch.cat([data[:, None], noise], 1), first)
