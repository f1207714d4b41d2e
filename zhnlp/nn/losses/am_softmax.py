"""AM-Softmax (CosFace): the right cosine counts less by a constant."""

from __future__ import annotations

from torch import Tensor

from zhnlp.nn.losses.margin_softmax import margin_softmax


def am_softmax(cos: Tensor, target: Tensor, *, margin: float = 0.35, scale: float = 30.0) -> Tensor:
    """Additive-margin softmax, ψ = cos - m, mean over the batch, in nats, 0 or more.

    Args:
        cos: (B, C) in [-1, 1].
        target: (B,) whole numbers in [0, C).
        margin: m, 0 or more; 0 is `norm_softmax`.
        scale: s.

    Raises:
        ValueError: see `margin_softmax`.

    Example:
        >>> import torch
        >>> am_softmax(torch.tensor([[0.85, 0.5]]), torch.tensor([0]))  # 0.85 - 0.35 = 0.5
        tensor(0.6931)

    Source: 苏剑林, https://kexue.fm/archives/5743; Wang et al. 2018, https://arxiv.org/abs/1801.05599
    """
    return margin_softmax(cos, target, lambda right: right - margin, scale=scale)
