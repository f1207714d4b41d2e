"""The step of a conditional model for the decoder, guided or not.  N rows, C features of the condition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from zhnlp.decoding import CausalStep, Conditioned, Guided
from zhnlp.nn.conditional_norm import conditional_norms

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from zhnlp.decoding import Step


def conditional_step(
    network: PreTrainedModel,
    vector: Tensor,
    null: Tensor,
    guidance: float = 1.0,
    *,
    mask: Tensor | None = None,
) -> Step:
    """A step under the conditions ``vector``, led away from ``null`` where guidance is neither 0 nor 1.

    Args:
        network: with conditional norms, or a packed copy of it, in evaluation mode.
        vector: (N, C), one for each row of the prefix.
        null: (C,) of nothing said.
        guidance: 0 writes as if nothing was said, 1 by the condition, more with more of it.
        mask: (N, P) of the prefix, see `CausalStep`.
    """
    condition = next(iter(conditional_norms(network).values())).condition
    step = CausalStep(network, mask)
    without = Conditioned(step, condition, null.expand_as(vector))
    asked = Conditioned(step, condition, vector)
    if guidance in (0, 1):
        return asked if guidance else without
    return Guided(asked, without, guidance)
