"""Circle loss: every right and every wrong cosine of a text, each pulled the harder the further it is from its place."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from zhnlp.nn.losses.cosine import wide
from zhnlp.nn.losses.groups import nothing_to_learn, same_and_different


def circle(
    cos: Tensor, groups: Tensor, others: Tensor | None = None, *, margin: float = 0.4, scale: float = 80.0
) -> Tensor:
    """Mean over texts of ``log(1 + Σ_n e^{γ αn (cos_n - m)} · Σ_p e^{-γ αp (cos_p - 1 + m)})``, in nats, 0 or more.

    αp = max(1 + m - cos_p, 0) and αn = max(cos_n + m, 0) are weights, not differentiated.  Texts without a right or without a
    wrong one are left out of the mean.

    Args:
        cos: (B, N) in [-1, 1].
        groups: (B,) group of each row.
        others: (N,) group of each column, e.g. ``torch.arange(C)`` for classes; None for the rows themselves.
        margin: m, in (0, 1); right ones are to come above 1 - m, wrong ones below m.
        scale: γ; the paper has 80 with m = 0.4 for retrieval, 256 with 0.25 for classes of faces.

    Raises:
        ValueError: the shapes do not fit.

    A batch in which nobody has both warns and gives 0.

    Example:
        >>> cos = torch.tensor([[1.0, 0.6, 0.4], [0.6, 1.0, 0.4], [0.4, 0.4, 1.0]])  # at 1 - m and m: log(1 + 1 · 1)
        >>> circle(cos, torch.tensor([0, 0, 1]))
        tensor(0.6931)

    Source: Sun et al. 2020, https://arxiv.org/abs/2002.10857
    """
    same, different = same_and_different(cos, groups, others)
    rows = same.any(1) & different.any(1)
    cos = wide(cos)
    if not rows.any():
        return nothing_to_learn(cos, "no text has both one of its group and one of another")
    cos, same, different = cos[rows], same[rows], different[rows]
    fixed = cos.detach()
    pull = scale * (1 + margin - fixed).relu() * (1 - margin - cos)
    push = scale * (fixed + margin).relu() * (cos - margin)
    low = -torch.inf
    gap = pull.masked_fill(~same, low).logsumexp(1) + push.masked_fill(~different, low).logsumexp(1)
    return F.softplus(gap).mean()
