"""The loss of few-shot training: cross-entropy over the whole vocabulary, at the questions only.

B rows, L positions, M questions, E answers, V vocabulary, K trainable rows, D their width.

Source: 苏剑林, https://kexue.fm/archives/7764; unlikelihood of wrong labels: Tam et al. 2021 (ADAPET),
https://arxiv.org/abs/2103.11955
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zhnlp.models.positions import logits_at


def answer_loss(
    logits: Tensor, question: Tensor, token: Tensor, weight: Tensor, unlikely: Tensor | None = None
) -> Tensor:
    """Σ weight · −ln p(token) over the answers, in nats, 0-d; where ``unlikely``, Σ weight · −ln(1 − p(token)).

    Args:
        logits: (M, V).
        question, token, weight, unlikely: (E,), the question of each answer, the token, its weight, and whether it is wrong.

    Example:
        >>> logits = torch.tensor([[0.75, 0.25]]).log()
        >>> one = torch.tensor([0])
        >>> round(answer_loss(logits, one, one, torch.tensor([1.0])).item(), 4)  # −ln 0.75
        0.2877
        >>> round(answer_loss(logits, one, one, torch.tensor([1.0]), torch.tensor([True])).item(), 4)  # −ln 0.25
        1.3863
    """
    chance = F.log_softmax(logits.float(), -1)[question, token]  # (E,)
    loss = -chance
    if unlikely is not None and bool(unlikely.any()):
        away = -torch.log1p(-chance.exp().clamp(max=1 - 1e-6))
        loss = torch.where(unlikely, away, loss)
    return (weight * loss).sum()


class PromptObjective(nn.Module):
    """A language model with its loss over a batch of `PromptCollator`; ``logits`` are those of the label slots (S, V).

    Args:
        network: a masked or causal language model of transformers.
        soft_rows: (K, D) that replace the embeddings of trainable tokens; a parameter of this module.
        frozen: the network does not learn.
    """

    def __init__(self, network: Any, soft_rows: Tensor | None = None, *, frozen: bool = False):
        super().__init__()
        self.network = network
        self.soft_rows = None if soft_rows is None else nn.Parameter(soft_rows.detach().clone().float())
        self.frozen = frozen

    def trained(self) -> list[nn.Parameter]:
        """The parameters that learn."""
        own = [] if self.soft_rows is None else [self.soft_rows]
        return own if self.frozen else [*self.network.parameters(), *own]

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        where: Tensor,
        question: Tensor,
        token: Tensor,
        weight: Tensor,
        unlikely: Tensor,
        slots: Tensor,
        soft_where: Tensor | None = None,
        soft_row: Tensor | None = None,
    ) -> dict[str, Tensor]:
        read = {"input_ids": input_ids}
        if soft_where is not None:
            read = {"inputs_embeds": self._embeddings(input_ids, soft_where, soft_row)}
        logits = logits_at(self.network, where, attention_mask=attention_mask, **read)  # (M, V)
        return {"loss": answer_loss(logits, question, token, weight, unlikely), "logits": logits[slots]}

    def _embeddings(self, ids: Tensor, where: Tensor, row: Tensor) -> Tensor:
        found = self.network.get_input_embeddings()(ids)  # (B, L, D)
        rows = self.soft_rows[row].to(found.dtype)
        return found.flatten(0, 1).index_put((where,), rows).view_as(found)
