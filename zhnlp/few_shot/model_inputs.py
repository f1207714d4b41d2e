"""Prompts as the tensors of a model, soft tokens as rows of their own.  B batch, L positions, D hidden, K soft tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

    from zhnlp.few_shot.template import Prompt


def model_inputs(
    model: PreTrainedModel, tokenizer: Any, prompts: Sequence[Prompt], soft_rows: Tensor | None = None
) -> dict[str, Tensor]:
    """What a model is called with: ``input_ids`` (B, L), or ``inputs_embeds`` (B, L, D) with soft tokens, and the mask.

    Args:
        soft_rows: (K, D) embeddings of the soft tokens of a prompt, in order; None where there are none.
    """
    import torch

    from zhnlp.models.batching import pad

    ids, mask = (part.to(model.device) for part in pad([p.ids for p in prompts], tokenizer.pad_token_id or 0))
    if soft_rows is None or not prompts[0].soft:
        return {"input_ids": ids, "attention_mask": mask}
    embeds = model.get_input_embeddings()(ids)  # (B, L, D)
    columns = torch.tensor([prompt.soft for prompt in prompts], device=model.device)  # (B, K)
    rows = torch.arange(len(prompts), device=model.device)[:, None].expand_as(columns)
    values = soft_rows.to(embeds).expand(len(prompts), -1, -1)  # (B, K, D)
    return {"inputs_embeds": embeds.index_put((rows, columns), values), "attention_mask": mask}
