"""The vocabulary scored at chosen positions only: with one [MASK] in 30 characters the head is most of the work.

B batch, L positions, D hidden, M chosen positions, V vocabulary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def logits_at(model: PreTrainedModel, where: Tensor, **inputs: Tensor) -> Tensor:
    """Logits (M, V) of a language model of transformers at some positions of a batch.

    Its encoder runs as it is, and its head is handed only the hidden states asked for.  Not safe for two threads on one
    model.

    Args:
        where: (M,) numbers of positions in the batch laid out flat, row × L + column.
        **inputs: of the model, such as ``input_ids`` (B, L) and ``attention_mask`` (B, L).

    Example:
        >>> import torch
        >>> from transformers import BertConfig, BertForMaskedLM
        >>> sizes = {"vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
        >>> model, ids = BertForMaskedLM(BertConfig(**sizes)).eval(), torch.tensor([[1, 2, 3], [4, 5, 6]])
        >>> bool(torch.allclose(logits_at(model, torch.tensor([5]), input_ids=ids)[0], model(ids).logits[1, 2], atol=1e-5))
        True
    """
    if model.base_model is model:
        return model(**inputs).logits.flatten(0, 1)[where]

    def pick(module: Any, arguments: Any, output: Any) -> Any:
        picked = output[0].flatten(0, 1)[where][None]  # (1, M, D)
        if isinstance(output, tuple):
            return (picked, *output[1:])
        output["last_hidden_state"] = picked
        return output

    handle = model.base_model.register_forward_hook(pick)
    try:
        logits = model(**inputs).logits
    finally:
        handle.remove()
    if logits.shape[:2] != (1, len(where)):
        raise TypeError(
            f"{type(model).__name__} gave logits {tuple(logits.shape)} for {len(where)} positions: expected a language model "
            "whose head takes the hidden states of its encoder"
        )
    return logits[0]
