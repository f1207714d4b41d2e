"""InfoNCE: which of N candidates belongs to the row.

B rows, N candidates.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from zhnlp.nn.losses.cosine import wide
from zhnlp.nn.losses.margin_softmax import check_classes


def info_nce(
    scores: Tensor,
    target: Tensor | None = None,
    *,
    groups: Tensor | None = None,
    others: Tensor | None = None,
) -> Tensor:
    """Cross entropy of the right candidate among all, mean over rows, in nats, 0 or more.

    Where candidates are drawn from p(y), the best scores are ``log p(y|x) / p(y)`` plus anything that depends on x alone.

    Args:
        scores: (B, N), any real numbers, -inf for a candidate that is none.
        target: (B,) column of the right candidate; None where it is the column of the row's own number.
        groups: (B,) group of each row.  Candidates of its group other than the right one are no wrong answers and left out.
        others: (N,) group of each column; None where column i is of the group of row i (N = B).

    Raises:
        ValueError: the shapes do not fit, a target is no column, or others come without groups.

    Example:
        >>> info_nce(torch.zeros(2, 4))  # ln 4
        tensor(1.3863)
        >>> info_nce(torch.zeros(2, 2), groups=torch.tensor([5, 5])).item()  # no wrong answer is left
        0.0

    Source: van den Oord et al. 2018, https://arxiv.org/abs/1807.03748
    """
    if target is None:
        target = torch.arange(len(scores), device=scores.device)
    check_classes(scores, target)
    if groups is None and others is not None:
        raise ValueError("got others without groups: expected the groups of the rows too")
    scores = wide(scores)
    if groups is not None:
        columns = groups if others is None else others
        if (*groups.shape, *columns.shape) != tuple(scores.shape):
            raise ValueError(
                f"scores are {tuple(scores.shape)}, groups {tuple(groups.shape)} and others {tuple(columns.shape)}: "
                "expected (B, N), (B,) and (N,). Next: with more candidates than rows give others"
            )
        out = (groups[:, None] == columns).scatter(1, target[:, None], False)
        scores = scores.masked_fill(out, -torch.inf)
    return F.cross_entropy(scores, target)


def mutual_information_bound(loss: float, candidates: int) -> float:
    """``log N - loss`` nats: what InfoNCE over N candidates, one right and N - 1 drawn from p(y), proves of I(X; Y).

    It never exceeds log N.

    Example:
        >>> mutual_information_bound(math.log(4), 4)
        0.0
    """
    return math.log(candidates) - float(loss)
