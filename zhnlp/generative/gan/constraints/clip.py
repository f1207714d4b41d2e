"""The first WGAN's constraint: every weight in a small box.  Kept for comparison; it makes critics nearly flat."""

import torch
from torch import nn


@torch.no_grad()
def clip_weights(module: nn.Module, limit: float = 0.01) -> nn.Module:
    """Put every parameter into [−limit, limit], in place; returns the module.

    Raises:
        ValueError: the limit is not above 0.

    Example:
        >>> layer = clip_weights(nn.Linear(3, 2), 0.01)
        >>> bool(layer.weight.abs().max() <= 0.01)
        True

    Source: Arjovsky et al. 2017; https://kexue.fm/archives/6280
    """
    if not limit > 0:
        raise ValueError(f"limit got {limit!r}: expected a number above 0, usually 0.01")
    for parameter in module.parameters():
        if (
            parameter.abs().max() > limit
        ):  # else untouched, so that a loss taken before can still be differentiated
            parameter.clamp_(-limit, limit)
    return module
