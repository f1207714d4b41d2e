"""RoFormer with a forward pass for training on a CPU: the parameters are transformers' own, the arithmetic is ours.

B batch, L positions, D hidden, H heads, V vocabulary. A checkpoint saved from here loads with
``transformers.RoFormerForMaskedLM`` and the other way round. What is faster: query, key and value are one product;
the rotary turn and the scale are one pass (`zhnlp.nn.rotary`); the vocabulary is only scored at labelled positions.

Source: 苏剑林, https://kexue.fm/archives/8265
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
import transformers
from torch import Tensor
from transformers.modeling_outputs import MaskedLMOutput

from zhnlp.models.sparse_layers import is_sparse
from zhnlp.nn.losses.linear_cross_entropy import linear_cross_entropy
from zhnlp.nn.rotary import rotary_angles, turn


class RoFormerForMaskedLM(transformers.RoFormerForMaskedLM):
    """Stock RoFormer, whose loss is computed from the labelled positions alone.

    Called with ``labels`` (B, L), -100 where nothing is asked, it returns the mean loss in nats and no logits;
    without labels it is the stock model, so generation, attentions and hidden states are as documented there.

    Example:
        >>> config = transformers.RoFormerConfig(vocab_size=30, hidden_size=8, num_hidden_layers=1, num_attention_heads=2)
        >>> model = RoFormerForMaskedLM(config).eval()
        >>> ids = torch.arange(5, 11)[None]
        >>> bool(torch.isclose(model(ids, labels=ids).loss, super(RoFormerForMaskedLM, model).forward(ids, labels=ids).loss))
        True
    """

    def forward(self, input_ids=None, attention_mask=None, token_type_ids=None, labels=None, **options):
        other = self.config.is_decoder or self.config.rotary_value or is_sparse(self)
        if labels is None or options.get("inputs_embeds") is not None or other:
            return super().forward(
                input_ids,
                attention_mask=attention_mask,
                token_type_ids=token_type_ids,
                labels=labels,
                **options,
            )
        hidden = encode(self.roformer, input_ids, attention_mask, token_type_ids)  # (B, L, D)
        asked = (labels != -100).flatten().nonzero()[:, 0]  # (N,)
        if len(asked) == 0:
            raise ValueError("no position has a label: expected at least one that is not -100 in the batch")
        head = self.cls.predictions
        picked = head.transform(hidden.flatten(0, 1)[asked])  # (N, D)
        loss = linear_cross_entropy(picked, head.decoder.weight, labels.flatten()[asked], head.decoder.bias)
        return MaskedLMOutput(loss=loss)


def encode(
    model: transformers.RoFormerModel, ids: Tensor, mask: Tensor | None = None, types: Tensor | None = None
) -> Tensor:
    """The last hidden states (B, L, D) of a RoFormer; one with sparse attention runs as transformers has it.

    Args:
        ids: (B, L).
        mask: None, (B, L) with 1 for real tokens, or an additive float mask that broadcasts to (B, H, L, L).
        types: (B, L) or None for the first type everywhere.

    Raises:
        ValueError: the text is longer than the positions of the model, or the model turns its values too
            (``rotary_value``), which this pass does not.
    """
    config = model.config
    if config.rotary_value:
        raise ValueError(
            "rotary_value=True is not computed here: expected False. Next: call the model itself"
        )
    if ids.shape[1] > config.max_position_embeddings:
        raise ValueError(
            f"the batch has {ids.shape[1]} positions, the model {config.max_position_embeddings}: cut the texts first"
        )
    if is_sparse(model):
        return transformers.RoFormerModel.forward(model, ids, attention_mask=mask, token_type_ids=types)[0]
    x = model.embeddings(input_ids=ids, token_type_ids=types)
    if hasattr(model, "embeddings_project"):
        x = model.embeddings_project(x)
    kind = x.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype
    size = config.hidden_size // config.num_attention_heads
    cos, sin = rotary_angles(ids.shape[1], size, device=x.device)
    scale = torch.tensor([size**-0.5, 1.0], device=x.device)[
        :, None, None
    ]  # (query | key, 1, 1): the scale is free here
    cos, sin = ((angle[:, None, None] * scale).to(dtype) for angle in (cos, sin))  # (L, 2, 1, d)
    if mask is not None and mask.ndim == 2:
        mask = torch.zeros_like(mask, dtype=dtype).masked_fill(mask == 0, torch.finfo(dtype).min)[
            :, None, None
        ]
    order = pairs_apart(config.num_attention_heads, size, x.device)
    for layer in model.encoder.layer:
        x = _layer(layer, x, cos, sin, mask, order)
    return x


def pairs_apart(heads: int, size: int, device) -> Tensor:
    """The order of rows (H d,) that brings RoFormer's neighbouring pairs to i and i + d/2."""
    within = torch.arange(size, device=device).view(-1, 2).T.flatten()
    return (torch.arange(heads, device=device)[:, None] * size + within).flatten()


def _layer(layer, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor | None, order: Tensor) -> Tensor:
    attention = layer.attention.self
    batch, length, width = x.shape
    # Query and key are permuted alike, so their products stay what they are.
    weight = torch.cat((attention.query.weight[order], attention.key.weight[order], attention.value.weight))
    bias = torch.cat((attention.query.bias[order], attention.key.bias[order], attention.value.bias))
    mixed = F.linear(x, weight, bias).view(batch, length, 3, attention.num_attention_heads, -1)
    query, key = turn(mixed[:, :, :2], cos, sin).permute(2, 0, 3, 1, 4)  # 2 × (B, H, L, d)
    score = query @ key.mT
    if mask is not None:
        score = score + mask
    chance = attention.dropout(torch.softmax(score, -1).to(mixed.dtype))
    context = (chance @ mixed[:, :, 2].transpose(1, 2)).transpose(1, 2).reshape(batch, length, width)
    x = layer.attention.output(context, x)
    return layer.output(layer.intermediate(x), x)
