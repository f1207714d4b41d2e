"""R-Drop: two passes with different dropout are to say the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from zhnlp.training.regularizers.base import Regularizer, at_least_float32, forward, logits_of


def symmetric_kl(first: Tensor, second: Tensor, mask: Tensor | None = None) -> Tensor:
    """½ (KL(p‖q) + KL(q‖p)) of two sets of logits (…, C), mean over places (where ``mask`` (…) is true), in nats.

    Example:
        >>> import torch
        >>> even, skew = torch.tensor([[0.0, 0.0]]), torch.tensor([[0.0, 3.0]]).log_softmax(-1)
        >>> round(symmetric_kl(even, skew).item(), 4)  # ½ Σ (p − q)(log p − log q) = ½ · 3 · (.9526 − .5)
        0.6789
        >>> symmetric_kl(even, even).item()
        0.0
    """
    log_p, log_q = (F.log_softmax(at_least_float32(logits), -1) for logits in (first, second))
    divergence = 0.5 * ((log_p.exp() - log_q.exp()) * (log_p - log_q)).sum(-1)
    if mask is None:
        return divergence.mean()
    return (divergence * mask).sum() / mask.sum().clamp(min=1)


class RDrop(Regularizer):
    """½ (L₁ + L₂) + ¼ α (KL(p₁‖p₂) + KL(p₂‖p₁)) of two forward passes that differ by their dropout.

    L₂ takes part where the model returns a loss itself (labels among its inputs); else L₁ stands alone.  Labels of −100
    and padding (``attention_mask`` 0) are left out of the divergence.

    Args:
        alpha: α ≥ 0 (post 8496: 4; the paper 1 to 5).

    Raises:
        ValueError: alpha is negative, or dropout is off: two passes gave the same.

    Source: 苏剑林, https://kexue.fm/archives/8496; Liang et al. 2021, https://arxiv.org/abs/2106.14448
    """

    def __init__(self, alpha: float = 4.0):
        if not alpha >= 0:
            raise ValueError(f"alpha got {alpha!r}: expected 0 or more")
        self.alpha = float(alpha)
        self._looked = False

    def loss(self, model: nn.Module, inputs: Any, loss: Tensor, outputs: Any = None) -> Tensor:
        if not model.training:
            return loss
        first = logits_of(forward(model, inputs) if outputs is None else outputs)
        again = forward(model, inputs)
        second = logits_of(again)
        if not self._looked:
            self._looked = True
            if first.equal(second):
                raise ValueError(
                    "two passes of R-Drop gave the same logits: expected dropout to tell them apart. "
                    "Next: a dropout above 0 in the model (config.hidden_dropout_prob = 0.1), or leave RDrop out"
                )
        other = again.get("loss") if isinstance(again, Mapping) else getattr(again, "loss", None)
        both = loss if other is None else 0.5 * (loss + other)
        return both + 0.5 * self.alpha * symmetric_kl(first, second, places(inputs, first))


def places(inputs: Any, logits: Tensor) -> Tensor | None:
    """Which places of logits (B, L, C) count: those with a label; without labels those that are no padding."""
    if not isinstance(inputs, Mapping) or logits.ndim != 3:
        return None
    labels, mask = inputs.get("labels"), inputs.get("attention_mask")
    for found, counts in ((labels, lambda value: value != -100), (mask, lambda value: value != 0)):
        if isinstance(found, Tensor) and found.shape == logits.shape[:2]:
            return counts(found).to(logits.dtype)
    return None
