"""A BERT-like encoder read faster on a CPU in float32: fewer passes over memory, the same numbers up to rounding (1e-6).

B batch, L positions, D hidden, H heads, d features a head.

In a small encoder half the time goes into what stands between the products.  Here query, key and value are one product; GELU
and the residual sum happen inside oneDNN's products (weights packed once, see `zhnlp.models.packed_linear`); attention is
PyTorch's fused kernel, RoFormer's too; nothing is kept for a backward pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zhnlp.models.packed_linear import MOST, can_pack
from zhnlp.models.roformer import pairs_apart
from zhnlp.models.sparse_layers import is_sparse
from zhnlp.nn.rotary import rotary_angles, turn

if TYPE_CHECKING:
    from transformers import PreTrainedModel

KINDS = ("bert", "roberta", "xlm-roberta", "roformer")  # layers laid out as BERT's, norms behind the sums


def can_fuse(model: PreTrainedModel) -> bool:
    """Whether `FusedEncoder` gives what the model gives: its kind, activation, numbers, device and size.

    Example:
        >>> from transformers import BertConfig, BertModel
        >>> sizes = {"vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
        >>> can_fuse(BertModel(BertConfig(**sizes))), can_fuse(BertModel(BertConfig(**sizes, hidden_act="relu")))
        (True, False)
    """
    config = model.config
    return (
        config.model_type in KINDS
        and type(model).__name__.endswith("Model")
        and config.hidden_act == "gelu"
        and not config.is_decoder
        and not getattr(config, "rotary_value", False)
        and getattr(config, "position_embedding_type", "absolute") in (None, "absolute")
        and not is_sparse(model)
        and (model.device.type, model.dtype) == ("cpu", torch.float32)
        and sum(parameter.nbytes for parameter in model.parameters()) <= MOST
        and can_pack()
    )


class FusedEncoder:
    """Hidden states of the first and the last layer of a model for which `can_fuse` is true, with its weights as they are now.

    Example:
        >>> from transformers import BertConfig, BertModel
        >>> sizes = {"vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2}
        >>> model, ids = BertModel(BertConfig(**sizes)).eval(), torch.tensor([[2, 5, 3], [2, 3, 0]])
        >>> mask = torch.tensor([[1, 1, 1], [1, 1, 0]])
        >>> with torch.inference_mode():
        ...     far = FusedEncoder(model)(ids, mask)[-1] - model(ids, attention_mask=mask)[0]
        >>> bool(far[mask == 1].abs().max() < 1e-5)
        True
    """

    def __init__(self, model: PreTrainedModel):
        self.model, self.rotary = model, model.config.model_type == "roformer"
        self.layers = [_Layer(layer, self.rotary) for layer in model.encoder.layer]

    def __call__(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """2 × (B, L, D); what stands in the padding means nothing.

        Args:
            ids, mask: (B, L); the mask is 1 for real tokens.
        """
        x = self.model.embeddings(input_ids=ids)
        if hasattr(self.model, "embeddings_project"):
            x = self.model.embeddings_project(x)
        size = self.layers[0].size
        turns = None
        if self.rotary:
            cos, sin = rotary_angles(ids.shape[1], size, device=x.device)
            turns = cos[:, None, None], sin[:, None, None]  # (L, 1, 1, d)
        bias = None
        if not bool(mask.all()):
            bias = torch.zeros(mask.shape).masked_fill(mask == 0, torch.finfo(x.dtype).min)[:, None, None]
        first = x = self.layers[0](x, turns, bias)
        for layer in self.layers[1:]:
            x = layer(x, turns, bias)
        return first, x


class _Layer:
    """One layer: attention, norm, feed-forward, norm."""

    def __init__(self, layer: nn.Module, rotary: bool):
        attention = layer.attention.self
        self.heads = attention.num_attention_heads
        query, key, value = (getattr(attention, name) for name in ("query", "key", "value"))
        self.size = query.out_features // self.heads
        order = pairs_apart(self.heads, self.size, "cpu") if rotary else torch.arange(query.out_features)
        self.mixed = _packed(
            torch.cat((query.weight[order], key.weight[order], value.weight)),
            torch.cat((query.bias[order], key.bias[order], value.bias)),
        )
        self.context, self.first = _of(layer.attention.output.dense), layer.attention.output.LayerNorm
        self.up, self.down = _of(layer.intermediate.dense), _of(layer.output.dense)
        self.second = layer.output.LayerNorm

    def __call__(self, x: Tensor, turns: tuple[Tensor, Tensor] | None, bias: Tensor | None) -> Tensor:
        batch, length, width = x.shape
        mixed = _linear(x, self.mixed).view(batch, length, 3, self.heads, self.size)
        query, key, value = mixed.permute(2, 0, 3, 1, 4)  # 3 × (B, H, L, d)
        if turns is not None:
            query, key = turn(mixed[:, :, :2], *turns).permute(2, 0, 3, 1, 4)
        context = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        context = context.transpose(1, 2).reshape(batch, length, width)
        x = self.first(_linear_plus(context, self.context, x))
        inner = _linear(x, self.up, "gelu")
        return self.second(_linear_plus(inner, self.down, x))


def _packed(weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    return torch.ops.mkldnn._reorder_linear_weight(weight.detach().contiguous()), bias.detach()


def _of(linear: nn.Linear) -> tuple[Tensor, Tensor]:
    return _packed(linear.weight, linear.bias)


def _linear(x: Tensor, weights: tuple[Tensor, Tensor], activation: str = "none") -> Tensor:
    return torch.ops.mkldnn._linear_pointwise(x, *weights, activation, [], "none")


def _linear_plus(x: Tensor, weights: tuple[Tensor, Tensor], other: Tensor) -> Tensor:
    return torch.ops.mkldnn._linear_pointwise.binary(x, other, *weights, "add")
