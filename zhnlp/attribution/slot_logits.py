"""The vocabulary scored at chosen places of rows that are all alike, from embeddings and without hooks.

B rows, L positions, D width, M places, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_HEADS = ("cls", "lm_head", "predictions", "embed_out")


class SlotLogits:
    """Gives the logits (B, M, V) of a masked or causal language model at M places.

    Where the head of the model is one module over the hidden states of its encoder, only the places asked for reach the
    vocabulary; this is tried once, and models of another build run as a whole.  Safe for several threads, unlike
    `zhnlp.models.positions.logits_at`, which hooks into the model for the time of a call.

    Args:
        model: of transformers, in evaluation mode.

    Example:
        >>> from transformers import BertConfig, BertForMaskedLM
        >>> sizes = {"vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
        >>> model, rows = BertForMaskedLM(BertConfig(**sizes)).eval(), torch.randn(2, 5, 8)
        >>> slot_logits = SlotLogits(model)
        >>> bool(torch.allclose(slot_logits(rows, [1, 3]), model(inputs_embeds=rows).logits[:, [1, 3]], atol=1e-5))
        True
        >>> slot_logits.whole
        False
    """

    def __init__(self, model: PreTrainedModel):
        self.model = model
        self._head: Callable[[Tensor], Any] | None = None
        if model.base_model is not model:
            self._head = next((head for head in map(self._candidate, _HEADS) if self._fits(head)), None)

    @property
    def whole(self) -> bool:
        """Whether every position goes through the vocabulary."""
        return self._head is None

    def __call__(self, rows: Tensor, places: Sequence[int]) -> Tensor:
        """Logits (B, M, V) at ``places`` of the embeddings (B, L, D)."""
        mask = torch.ones(rows.shape[:2], dtype=torch.long, device=rows.device)
        where = torch.tensor(list(places), device=rows.device)
        if self._head is None:
            return self.model(inputs_embeds=rows, attention_mask=mask).logits[:, where]
        hidden = self.model.base_model(inputs_embeds=rows, attention_mask=mask)[0]  # (B, L, D)
        return self._head(hidden[:, where])

    def _candidate(self, name: str) -> Callable[[Tensor], Any] | None:
        return getattr(self.model, name, None)

    def _fits(self, head: Callable[[Tensor], Any] | None) -> bool:
        if head is None:
            return False
        with torch.inference_mode(False), torch.no_grad():
            rows = self.model.get_input_embeddings()(
                torch.zeros(1, 3, dtype=torch.long, device=self.model.device)
            )
            whole = self(rows, [1])
            self._head = head
            try:
                alike = torch.allclose(self(rows, [1]), whole, rtol=1e-3, atol=1e-4)
            except (TypeError, ValueError, RuntimeError, AttributeError):
                alike = False
            self._head = None
        return alike
