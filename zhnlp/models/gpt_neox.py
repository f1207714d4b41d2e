"""GPT-NeoX with a forward pass for training on a CPU: the parameters are transformers' own, the arithmetic is ours.

B batch, L positions, D hidden, H heads, V vocabulary. GPT-NeoX is GPT-2 with rotary instead of learned positions. A
checkpoint saved from here loads with ``transformers.GPTNeoXForCausalLM``, which generates from it.

Source: 苏剑林, https://kexue.fm/archives/8265 (rotary positions)
"""

from __future__ import annotations

import torch
import transformers
from torch import Tensor
from transformers.modeling_outputs import CausalLMOutputWithPast

from zhnlp.nn.losses.linear_cross_entropy import linear_cross_entropy
from zhnlp.nn.rotary import rotary_angles, turn


class GPTNeoXForCausalLM(transformers.GPTNeoXForCausalLM):
    """Stock GPT-NeoX, whose loss is computed without storing the logits.

    Called with ``labels`` (B, L), -100 where nothing is asked, it returns the mean loss of the next token in nats and no
    logits; without labels, with a cache or with partial rotary it is the stock model.

    Example:
        >>> config = transformers.GPTNeoXConfig(
        ...     vocab_size=30, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        ...     rope_parameters={"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 1.0},
        ...     bos_token_id=1, eos_token_id=2)
        >>> model = GPTNeoXForCausalLM(config).eval()
        >>> ids = torch.arange(5, 11)[None]
        >>> bool(torch.isclose(model(ids, labels=ids).loss, super(GPTNeoXForCausalLM, model).forward(ids, labels=ids).loss))
        True
    """

    def forward(self, input_ids=None, attention_mask=None, labels=None, **options):
        rope = self.config.rope_parameters
        plain = rope["rope_type"] == "default" and rope.get("partial_rotary_factor", 1.0) == 1.0
        unusual = any(
            options.get(name) is not None for name in ("past_key_values", "position_ids", "inputs_embeds")
        )
        if labels is None or unusual or not plain:
            return super().forward(input_ids, attention_mask=attention_mask, labels=labels, **options)
        hidden = encode(self.gpt_neox, input_ids, attention_mask)[:, :-1]  # (B, L - 1, D)
        goal = labels[:, 1:].flatten()
        hidden = hidden.flatten(0, 1)
        asked = goal != -100
        if not bool(asked.all()):
            hidden, goal = hidden[asked], goal[asked]
        if len(goal) == 0:
            raise ValueError(
                "no position has a label: expected at least one behind the first that is not -100"
            )
        return CausalLMOutputWithPast(loss=linear_cross_entropy(hidden, self.lm_head.weight, goal))


def encode(model: transformers.GPTNeoXModel, ids: Tensor, mask: Tensor | None = None) -> Tensor:
    """The last hidden states (B, L, D) of a GPT-NeoX with full rotary; no position sees a later one.

    Args:
        ids: (B, L).
        mask: None, (B, L) with 1 for real tokens (padding on the right), or an additive float mask that broadcasts to
            (B, H, L, L) and takes the place of the causal one.
    """
    config = model.config
    x = model.emb_dropout(model.embed_in(ids))
    kind, length = x.device.type, ids.shape[1]
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype
    size = config.hidden_size // config.num_attention_heads
    cos, sin = rotary_angles(length, size, base=config.rope_parameters["rope_theta"], device=x.device)
    scale = torch.tensor([size**-0.5, 1.0], device=x.device)[
        :, None
    ]  # (query | key, 1): the scale is free here
    cos, sin = ((angle[:, None, None] * scale).to(dtype) for angle in (cos, sin))  # (L, 1, 2, d)
    least = torch.finfo(dtype).min
    if mask is None or mask.ndim == 2:
        causal = torch.full((length, length), least, dtype=dtype, device=x.device).triu(1)
        padding = (
            0
            if mask is None
            else torch.zeros_like(mask, dtype=dtype).masked_fill(mask == 0, least)[:, None, None]
        )
        mask = torch.clamp(causal + padding, min=least)
    for layer in model.layers:
        x = _layer(layer, x, cos, sin, mask)
    return model.final_layer_norm(x)


def _layer(layer, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor) -> Tensor:
    attention = layer.attention
    batch, length, width = x.shape
    heads = width // attention.head_size
    mixed = attention.query_key_value(layer.input_layernorm(x)).view(batch, length, heads, 3, -1)
    query, key = turn(mixed[..., :2, :], cos, sin).permute(3, 0, 2, 1, 4)  # 2 × (B, H, L, d)
    chance = torch.softmax(query @ key.mT + mask, -1).to(mixed.dtype)
    chance = torch.nn.functional.dropout(chance, attention.attention_dropout, layer.training)
    context = (chance @ mixed[..., 2, :].transpose(1, 2)).transpose(1, 2).reshape(batch, length, width)
    seen = layer.post_attention_dropout(attention.dense(context))
    inner = x if layer.use_parallel_residual else x + seen
    return x + seen + layer.post_mlp_dropout(layer.mlp(layer.post_attention_layernorm(inner)))
