"""What a training hands back to the classifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel


@dataclass
class FittedWeights:
    """The weights that a training changed, and no others.

    Attributes:
        model: the network in float32 and evaluation mode; None where the base stayed as it is (P-tuning).
        soft_rows: (K, D) embeddings of the soft tokens in float32, those of the first template first; None for none.
    """

    model: PreTrainedModel | None = None
    soft_rows: Tensor | None = None
