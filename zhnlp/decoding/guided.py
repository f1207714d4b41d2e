"""Classifier-free guidance: away from what a model writes anyway, towards what it writes when it is asked for something.

N rows, T tokens, V vocabulary.

Source: Ho and Salimans 2022, https://arxiv.org/abs/2207.12598; Sanchez et al. 2023, https://arxiv.org/abs/2306.17806 (of texts)
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from zhnlp.decoding.step import Step, StepOutput


class Guided:
    """Two steps as one: log p = log p_null + scale · (log p_asked − log p_null), made a distribution again.

    Scale 1 is the asked model and 0 the null model, exactly; above 1 the text holds more of what it was asked for and varies less;
    below 0 it turns away.  Each step reads every token and keeps a cache of its own; both are picked from together.

    Args:
        step: of what is asked for, such as `Conditioned`.
        null: of the same vocabulary when nothing is asked for.
        scale: any number.

    Raises:
        ValueError: ``scale`` is not finite.

    Example:
        >>> def always(*p):
        ...     return lambda tokens, cache: StepOutput(torch.tensor([p] * len(tokens)).log(), None)
        >>> step = Guided(always(0.5, 0.5), always(0.8, 0.2), 2.0)  # 0.5² / 0.8 to 0.5² / 0.2
        >>> [round(p, 4) for p in step(torch.tensor([[0]]), None).logits[0].softmax(-1).tolist()]
        [0.2, 0.8]
    """

    def __init__(self, step: Step, null: Step, scale: float):
        check_scale(scale)
        self.step, self.null, self.scale = step, null, float(scale)

    def __call__(self, tokens: Tensor, cache: tuple[Any, Any] | None) -> StepOutput:
        """Scores (N, V) of what comes after ``tokens`` (N, T); the attention is that of the asked step.

        Raises:
            ValueError: the two steps have different vocabularies.
        """
        of_step, of_null = (None, None) if cache is None else cache
        asked, null = self.step(tokens, of_step), self.null(tokens, of_null)
        if asked.logits.shape != null.logits.shape:
            raise ValueError(
                f"the steps give logits {tuple(asked.logits.shape)} and {tuple(null.logits.shape)}: expected the same vocabulary"
            )
        return StepOutput(
            guide(asked.logits, null.logits, self.scale), (asked.cache, null.cache), asked.attention
        )


def guide(asked: Tensor, null: Tensor, scale: float) -> Tensor:
    """Logits (…, V) between and beyond two others; what either has -inf for stays impossible, unless the scale is 0 or 1.

    That logits are log-probabilities up to a constant of each row changes nothing, as the result is such too.

    Example:
        >>> guide(torch.tensor([1.0, -torch.inf]), torch.tensor([3.0, 2.0]), 3.0).tolist()
        [-3.0, -inf]
    """
    if scale in (0, 1):
        return asked if scale else null
    never = (asked == -torch.inf) | (null == -torch.inf)
    return torch.lerp(null.float(), asked.float(), scale).masked_fill(never, -torch.inf)


def check_scale(scale: Any, name: str = "scale") -> None:
    """Refuse what is no finite number.

    Raises:
        ValueError: it is not.
    """
    if isinstance(scale, bool) or not isinstance(scale, (int, float)) or not math.isfinite(scale):
        raise ValueError(f"{name}={scale!r} is not possible: expected a finite number, such as 2")
