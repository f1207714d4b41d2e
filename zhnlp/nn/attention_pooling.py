"""Attention pooling: a row of vectors becomes one, and each says itself how much it is to count.

B batch, L positions, D features, H hidden.

Source: 苏剑林, https://kexue.fm/archives/5409, https://kexue.fm/archives/6906
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

ACTIVATIONS = {"tanh": torch.tanh, "swish": nn.functional.silu}


class AttentionPooling(nn.Module):
    """Σ λ_i x_i with λ = softmax of αᵀ act(W x_i) over the real places: the additive form; the plain one is αᵀ x_i.

    Args:
        size: D.
        hidden: H, rows of W; None for D, 0 for the plain form.
        activation: "tanh" or "swish".
        bias: whether W has one.  α needs none, it would fall out.

    Raises:
        ValueError: ``activation`` is none of these.

    Example:
        >>> pooling, x = AttentionPooling(3), torch.randn(2, 4, 3)
        >>> pooled = pooling(x, torch.tensor([[1, 1, 1, 1], [0, 1, 0, 0]]))
        >>> pooled.shape, torch.equal(pooled[1], x[1, 1])
        (torch.Size([2, 3]), True)
    """

    def __init__(self, size: int, hidden: int | None = None, *, activation: str = "tanh", bias: bool = False):
        super().__init__()
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation got {activation!r}: expected one of {', '.join(ACTIVATIONS)}")
        hidden = size if hidden is None else hidden
        self.activation = activation
        self.inner = nn.Linear(size, hidden, bias=bias) if hidden else None
        self.outer = nn.Linear(hidden or size, 1, bias=False)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, D); 0 for a row without a real place.

        Args:
            x: (B, L, D).
            mask: (B, L), 1 for real places; None where all are.
        """
        if mask is not None:  # weights of 0 do not stop a NaN
            x = x.masked_fill(mask[..., None] == 0, 0)
        return (self.weights(x, mask)[:, None] @ x)[:, 0]

    def weights(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """λ (B, L): they sum to 1, and are 0 in the padding; all 0 for a row without a real place."""
        inner = x if self.inner is None else ACTIVATIONS[self.activation](self.inner(x))
        scores = self.outer(inner)[..., 0]  # (B, L)
        if mask is None:
            return scores.softmax(-1)
        padding = mask == 0
        return scores.masked_fill(padding, torch.finfo(scores.dtype).min).softmax(-1).masked_fill(padding, 0)
