"""Sparse attention in the place of a BERT-like encoder's own: same weights, same names, so files stay what they are.

B batch, L positions, D hidden, H heads, d features a head.

The pattern stands in the configuration as ``zhnlp_attention``; `load_model` reads it there.  transformers alone loads the same
file with dense attention.

Source: 苏剑林, https://kexue.fm/archives/6853; Beltagy et al. 2020, https://arxiv.org/abs/2004.05150
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from zhnlp.models.bert_layers import turn_pairs
from zhnlp.nn.sparse_attention import Pattern, pattern_from_dict, sparse_attention

if TYPE_CHECKING:
    from transformers import PreTrainedModel

KEY = "zhnlp_attention"  # of a configuration
_KERNEL = "zhnlp-sparse"  # what transformers is told, so that it makes no (L, L) mask
_PARTS = ("query", "key", "value", "dropout", "num_attention_heads")


class SparseSelfAttention(nn.Module):
    """The self-attention of a layer under a pattern.

    Args:
        attention: that of transformers, whose linear maps are taken over.
        pattern: of `zhnlp.nn.sparse_attention`.

    Raises:
        TypeError: the attention is not laid out as BERT's.
    """

    def __init__(self, attention: nn.Module, pattern: Pattern):
        super().__init__()
        if missing := [part for part in _PARTS if not hasattr(attention, part)]:
            raise TypeError(
                f"{type(attention).__name__} has no {missing[0]}: expected the self-attention of BERT's layout"
            )
        for part in _PARTS:
            setattr(self, part, getattr(attention, part))
        self.pattern = pattern

    def forward(
        self,
        hidden_states: Tensor,  # (B, L, D)
        attention_mask: Tensor | None = None,  # (B, 1, 1, L), 0 for real tokens, less for padding
        sinusoidal_pos: Tensor | None = None,  # (1, 1, L, d) of a RoFormer: sines, cosines
        global_marks: Tensor
        | None = None,  # (B, L), 1 for tokens that are global beside those of the pattern
        **others: Any,
    ) -> tuple[Tensor, None]:
        if others.get("output_attentions"):
            raise ValueError(
                "output_attentions=True: sparse attention keeps no matrix of weights to give out"
            )
        query, key, value = (
            part(hidden_states).unflatten(-1, (self.num_attention_heads, -1)).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        if sinusoidal_pos is not None:
            sin, cos = (half.repeat_interleave(2, -1).to(query.dtype) for half in sinusoidal_pos.chunk(2, -1))
            query, key = turn_pairs(query, cos, sin), turn_pairs(key, cos, sin)
        context = sparse_attention(
            query,
            key,
            value.to(query.dtype),
            self.pattern,
            padding=_padding(attention_mask),
            marks=global_marks,
            dropout=self.dropout.p if self.training else 0.0,
        )
        return context.transpose(1, 2).flatten(2), None


def sparsify(network: PreTrainedModel, pattern: Pattern) -> PreTrainedModel:
    """Give every layer of an encoder the pattern, in place, and write it into the configuration.

    Inputs and outputs stay as they are, but for masks with four dimensions, of which only those of padding are taken, and the
    further input ``global_marks`` (B, L).

    Raises:
        TypeError: the network is no encoder of BERT's layout.

    Example:
        >>> from transformers import BertConfig, BertModel
        >>> from zhnlp.nn.sparse_attention import Local
        >>> sizes = {"vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
        >>> model = sparsify(BertModel(BertConfig(**sizes)), Local(2))
        >>> model.config.zhnlp_attention
        {'kind': 'Local', 'radius': 2}
    """
    check_encoder(network)
    base = network.base_model
    layers = base.encoder.layer
    made = [SparseSelfAttention(layer.attention.self, pattern) for layer in layers]
    for layer, attention in zip(layers, made):
        layer.attention.self = attention.train(layer.training)
    _tell_transformers()
    for config in {id(part.config): part.config for part in (network, base)}.values():
        setattr(config, KEY, pattern.to_dict())
        config._attn_implementation = _KERNEL
    return network


def check_encoder(network: PreTrainedModel) -> None:
    """Refuse what is no encoder of BERT's layout.

    Raises:
        TypeError: it has other layers, writes, or turns its values.
    """
    name, base = type(network).__name__, network.base_model
    if not getattr(getattr(base, "encoder", None), "layer", None) or not hasattr(base, "embeddings"):
        raise TypeError(
            f"{name} has no encoder.layer: expected an encoder of BERT's layout, such as BERT or RoFormer"
        )
    if getattr(network.config, "is_decoder", False) or getattr(network.config, "rotary_value", False):
        raise TypeError(
            f"{name} is a decoder, or turns its values (rotary_value=True): expected an encoder that does not"
        )


def restore(network: PreTrainedModel) -> PreTrainedModel:
    """Give a network the pattern that its configuration names, in place; without one it stays as it is."""
    values = getattr(network.config, KEY, None)
    return network if values is None else sparsify(network, pattern_from_dict(values))


def is_sparse(network: PreTrainedModel) -> bool:
    """Whether the configuration names a pattern."""
    return getattr(network.config, KEY, None) is not None


def _padding(mask: Tensor | None) -> Tensor | None:
    """Which keys are real (B, L), of the mask that transformers hands to a layer."""
    if mask is None:
        return None
    if mask.ndim == 4 and mask.shape[1:3] == (1, 1):
        mask = mask[:, 0, 0]
        return mask if mask.dtype == torch.bool else mask == 0
    raise ValueError(
        f"attention_mask came as {tuple(mask.shape)}: sparse attention takes padding alone, (batch, length) of 0 and 1; what else "
        "is hidden is the pattern's business. Likely a prefix or causal mask. Next: the model as it was before"
    )


def _tell_transformers() -> None:
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    AttentionMaskInterface.register(_KERNEL, _mask_of_padding)
    AttentionInterface.register(_KERNEL, ALL_ATTENTION_FUNCTIONS["sdpa"])  # for layers that are not sparse


def _mask_of_padding(
    *args: Any, attention_mask: Tensor | None = None, dtype: torch.dtype = torch.float32, **others: Any
) -> Tensor | None:
    """Floats (B, 1, 1, L) to add to scores, which a dense layer reads as well."""
    if attention_mask is None:
        return None
    hidden = ~attention_mask.bool()[:, None, None]
    return torch.zeros(hidden.shape, dtype=dtype, device=hidden.device).masked_fill_(
        hidden, torch.finfo(dtype).min
    )
