"""CoSENT: pairs with a higher label get a higher cosine, the same cosine that is used afterwards."""

from __future__ import annotations

import torch
from torch import Tensor

from zhnlp.nn.losses.cosine import wide
from zhnlp.nn.losses.groups import nothing_to_learn


def cosent(cos: Tensor, label: Tensor, *, scale: float = 20.0) -> Tensor:
    """``log(1 + Σ e^{λ(cos_j - cos_i)})`` over all i, j with label_i > label_j, in nats, 0 or more.

    It is a sum: a batch with more pairs has a larger loss.  Memory is P².

    Args:
        cos: (P,) in [-1, 1].
        label: (P,), numbers of which only the order counts: 0 and 1, or grades, or contradiction < neutral < entailment.
        scale: λ.

    Raises:
        ValueError: the shapes do not fit, or there is none.

    A batch of one label alone warns and gives 0.

    Example:
        >>> cosent(torch.tensor([0.7, 0.7, 0.9]), torch.tensor([1, 0, 1]))  # log(1 + 1 + e^-4)
        tensor(0.7023)

    Source: 苏剑林, https://kexue.fm/archives/8847
    """
    if cos.ndim != 1 or cos.shape != label.shape or len(cos) == 0:
        raise ValueError(
            f"cos is {tuple(cos.shape)} and label {tuple(label.shape)}: expected (P,) twice with P > 0. "
            "Next: paired_cosines makes the cosines of two lists of vectors"
        )
    cos = scale * wide(cos)
    higher = label[:, None] > label
    if not higher.any():
        return nothing_to_learn(cos, "all pairs have the same label")
    return torch.cat([cos.new_zeros(1), (cos - cos[:, None])[higher]]).logsumexp(0)
