"""LoRA: instead of each linear layer two thin matrices beside it learn, a share of a percent of the weights.

Source: Hu et al. 2021, https://arxiv.org/abs/2106.09685; the arithmetic is peft's
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def check_lora(rank: int | None) -> None:
    """Refuse a rank that cannot be, and one where peft is not installed.

    Raises:
        ValueError: the rank is no whole number of 1 or more.
        ImportError: peft is missing; the message names the extra.
    """
    if rank is None:
        return
    if isinstance(rank, bool) or not isinstance(rank, int) or rank < 1:
        raise ValueError(f"lora={rank!r} is not possible: expected a rank such as 8, or None for all weights")
    if find_spec("peft") is None:
        raise ImportError(
            "LoRA needs peft, which is not installed. Next: pip install 'zhnlp[lora]', or without LoRA "
            "optimizer='adafactor', which needs little memory too"
        )


def add_lora(model: PreTrainedModel, rank: int, *, alpha: float | None = None, dropout: float = 0.0) -> Any:
    """The model with adapters on all linear layers but the vocabulary; only they learn, and at first they do nothing.

    ``merge_and_unload()`` of what is returned adds them to the weights and gives the plain model back.

    Args:
        rank: features between the two matrices.
        alpha: the adapters count alpha / rank times; None for twice the rank.
        dropout: share of the features that the adapters do not see in training.

    Raises:
        ValueError, ImportError: as for `check_lora`.
    """
    check_lora(rank)
    from peft import LoraConfig, get_peft_model

    settings = LoraConfig(
        task_type="CAUSAL_LM",
        r=rank,
        lora_alpha=2 * rank if alpha is None else alpha,
        lora_dropout=dropout,
        target_modules="all-linear",
        bias="none",
    )
    return get_peft_model(model, settings)
