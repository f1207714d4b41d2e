"""UniLM: a masked language model that writes, because of its attention mask alone.

B batch, L positions, S of them source, N hypotheses, D hidden, H heads, d features a head, V vocabulary, M labels.

A row is ``[CLS] source [SEP] target [SEP]``.  The source sees itself in both directions and never the target, so its keys
and values are final after one pass; the target sees the source and what is to its left.  The first token of the
target is predicted at the ``[SEP]`` of the source.

Source: 苏剑林, https://kexue.fm/archives/6933; Dong et al. 2019, https://arxiv.org/abs/1905.03197
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from zhnlp.decoding.step import StepOutput
from zhnlp.models.bert_layers import check_layout, embed, finish, head_of, positions_of, project
from zhnlp.models.positions import logits_at
from zhnlp.models.roformer import RoFormerForMaskedLM
from zhnlp.models.roformer import encode as encode_roformer
from zhnlp.models.source_cache import SourceCache
from zhnlp.models.wrapped import Wrapped
from zhnlp.nn.masks import additive, padding, prefix

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class UniLM(Wrapped):
    """A masked language model of BERT's layout as a writer: its loss with the prefix mask, and its step for decoding.

    Args:
        network: BERT, RoFormer, RoBERTa, ERNIE, ELECTRA … with the head for masked tokens.

    Raises:
        TypeError: the layers are laid out in another way.

    Example:
        >>> from transformers import BertConfig, BertForMaskedLM
        >>> sizes = {"vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
        >>> model = UniLM(BertForMaskedLM(BertConfig(**sizes))).eval()
        >>> ids, segments = torch.tensor([[2, 5, 3, 6, 3]]), torch.tensor([[0, 0, 0, 1, 1]])
        >>> model(ids, segments, torch.ones_like(ids), torch.tensor([[-100, -100, 6, 3, -100]]))["logits"].shape
        torch.Size([2, 9])
    """

    def __init__(self, network: PreTrainedModel):
        super().__init__(network)
        check_layout(network)

    def forward(
        self, input_ids: Tensor, segments: Tensor, attention_mask: Tensor, labels: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Mean cross-entropy of the labels in nats (``loss``, 0-d) and the ``logits`` (M, V) of the places that have one.

        Args:
            input_ids, segments, attention_mask: (B, L); segments are 0 in the source, 1 in the target.
            labels: (B, L), the token that each place is to predict, -100 for none; None for the logits of all places
                (B · L, V) and no loss.
        """
        mask = additive(prefix(segments) & padding(attention_mask), self.network.dtype)
        where = torch.arange(
            labels.numel() if labels is not None else input_ids.numel(), device=input_ids.device
        )
        if labels is not None:
            where = where[labels.flatten() != -100]
        logits = self._logits(input_ids, mask, self._types(segments), where)
        if labels is None:
            return {"logits": logits}
        return {"loss": F.cross_entropy(logits.float(), labels.flatten()[where]), "logits": logits}

    def start(self, source_ids: Tensor, attention_mask: Tensor) -> SourceCache:
        """Read sources (R, S), ``[CLS] … [SEP]`` padded on the right, once; the cache that `step` begins with.

        Args:
            attention_mask: (R, S), 1 for real tokens.
        """
        base, lengths = self.network.base_model, attention_mask.sum(1)
        positions = torch.arange(source_ids.shape[1], device=source_ids.device).expand_as(source_ids)
        x = embed(base, source_ids, torch.zeros_like(source_ids), positions)
        mask = additive(padding(attention_mask), x.dtype)
        turns, keys, values = positions_of(base, positions), [], []
        for layer in base.encoder.layer:
            query, key, value = project(layer, x, turns)
            x = finish(layer, x, F.scaled_dot_product_attention(query, key, value, attn_mask=mask))
            keys.append(key)
            values.append(value)
        last = x[torch.arange(len(x), device=x.device), lengths - 1]  # (R, D) at [SEP]
        return SourceCache.of(keys, values, mask, lengths, last)

    def step(self, tokens: Tensor, cache: SourceCache) -> StepOutput:
        """The logits of the next token.

        Args:
            tokens: (N, 1); at the first call the ``[SEP]`` of the sources, which `start` has read already.
        """
        if cache.last is not None:
            hidden, cache.last = cache.last, None
            return StepOutput(head_of(self.network)(hidden), cache)
        base = self.network.base_model
        positions = cache.next_positions()[:, None]  # (N, 1)
        x = embed(base, tokens, self._types(torch.ones_like(tokens)), positions)
        turns, share = positions_of(base, positions), None
        for number, layer in enumerate(base.encoder.layer):
            x, share = cache.attend(number, layer, x, turns)
        return StepOutput(head_of(self.network)(x[:, 0]), cache, share)

    def _types(self, segments: Tensor) -> Tensor:
        """Segments as token types, where the network knows two."""
        return segments if getattr(self.config, "type_vocab_size", 0) > 1 else torch.zeros_like(segments)

    def _logits(self, ids: Tensor, mask: Tensor, types: Tensor, where: Tensor) -> Tensor:
        if isinstance(self.network, RoFormerForMaskedLM):
            hidden = encode_roformer(self.network.roformer, ids, mask, types)
            return head_of(self.network)(hidden.flatten(0, 1)[where])
        return logits_at(self.network, where, input_ids=ids, attention_mask=mask, token_type_ids=types)
