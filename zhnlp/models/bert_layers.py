"""The parts of a BERT-like encoder, taken apart so that keys and values can be kept between calls.

B batch, L positions, D hidden, H heads, d features a head.  BERT, RoFormer, RoBERTa, ERNIE, ELECTRA, CamemBERT and
XLM-R name the parts of a layer alike; only embeddings and positions differ.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from zhnlp.nn.rotary import rotary_angles

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Turns = tuple[Tensor, Tensor] | None  # cosines and sines (B, 1, L, d); None where positions are embeddings
_PARTS = (
    *("attention.self.query", "attention.self.key", "attention.self.value", "attention.output"),
    *("intermediate", "output"),
)


def check_layout(network: PreTrainedModel) -> None:
    """Refuse a network whose layers are not laid out as BERT's, or that has no head for masked tokens.

    Raises:
        TypeError: a part is missing, or the attention is sparse.
    """
    from zhnlp.models.sparse_layers import is_sparse

    name = type(network).__name__
    layers = getattr(getattr(network.base_model, "encoder", None), "layer", None)
    if not layers:
        raise TypeError(
            f"{name} has no encoder.layer: expected a masked language model of BERT's layout, such as BERT, RoFormer, RoBERTa or "
            "ERNIE. Next: engine='encoder-decoder' for T5 and BART"
        )
    for part in _PARTS:
        try:
            layers[0].get_submodule(part)
        except AttributeError:
            raise TypeError(f"the layers of {name} have no {part}: expected BERT's layout") from None
    if is_sparse(network):
        raise TypeError(
            f"{name} has sparse attention, which reads but does not write: expected the model as it was before"
        )
    if getattr(network.config, "rotary_value", False):
        raise TypeError(f"{name} turns its values too (rotary_value=True): expected a model that does not")
    relative = getattr(network.config, "position_embedding_type", "absolute") or "absolute"
    if relative != "absolute":
        raise TypeError(f"{name} has positions of the kind {relative!r}: expected 'absolute' or rotary ones")
    head_of(network)


def head_of(network: PreTrainedModel) -> Callable[[Tensor], Tensor]:
    """What turns hidden states (…, D) into logits (…, V).

    Raises:
        TypeError: there is none.
    """
    for name in ("cls", "lm_head"):
        head = getattr(network, name, None)
        if head is not None and name != "cls":
            return head
        if hasattr(head, "predictions"):
            return head.predictions
    if hasattr(network, "generator_predictions"):  # ELECTRA
        return lambda hidden: network.generator_lm_head(network.generator_predictions(hidden))
    raise TypeError(
        f"{type(network).__name__} has no head for masked tokens: expected …ForMaskedLM. Next: load_model(name, 'masked-lm')"
    )


def embed(base: PreTrainedModel, ids: Tensor, types: Tensor, positions: Tensor) -> Tensor:
    """Embeddings (B, L, D) of ids, token types and positions, all (B, L)."""
    if _is_rotary(base):
        x = base.embeddings(input_ids=ids, token_type_ids=types)
    else:
        shift = _first_position(base)
        x = base.embeddings(input_ids=ids, token_type_ids=types, position_ids=positions + shift)
    return base.embeddings_project(x) if hasattr(base, "embeddings_project") else x


def positions_of(base: PreTrainedModel, positions: Tensor) -> Turns:
    """What turns queries and keys at the positions (B, L) of a RoFormer; None where the embeddings hold the positions."""
    if not _is_rotary(base):
        return None
    size = base.config.hidden_size // base.config.num_attention_heads
    cos, sin = rotary_angles(base.config.max_position_embeddings, size, device=positions.device)
    # rotary_angles repeats the angles of d/2 pairs half by half; RoFormer's pairs are neighbours
    neighbours = torch.arange(size // 2, device=positions.device).repeat_interleave(2)
    return tuple(angle[:, neighbours][positions][:, None].to(base.dtype) for angle in (cos, sin))


def project(layer: Any, x: Tensor, turns: Turns) -> tuple[Tensor, Tensor, Tensor]:
    """Query, key and value, each (B, H, L, d), of the states (B, L, D) that come into a layer."""
    attention = layer.attention.self
    heads = attention.num_attention_heads
    query, key, value = (
        part(x).unflatten(-1, (heads, -1)).transpose(1, 2)
        for part in (attention.query, attention.key, attention.value)
    )
    if turns is not None:
        query, key = turn_pairs(query, *turns), turn_pairs(key, *turns)
    return query, key, value


def finish(layer: Any, x: Tensor, context: Tensor) -> Tensor:
    """The states (B, L, D) that leave a layer, of what its heads gathered (B, H, L, d)."""
    x = layer.attention.output(context.transpose(1, 2).flatten(2), x)
    return layer.output(layer.intermediate(x), x)


def turn_pairs(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn the neighbouring pairs of features of x (B, H, L, d), as RoFormer pairs them."""
    even, odd = x.unflatten(-1, (-1, 2)).unbind(-1)
    return x * cos + torch.stack((-odd, even), -1).flatten(-2) * sin


def _is_rotary(base: PreTrainedModel) -> bool:
    return base.config.model_type == "roformer"


def _first_position(base: PreTrainedModel) -> int:
    """Where positions begin: RoBERTa and its kin leave the first ones to padding."""
    embeddings = base.embeddings
    return embeddings.padding_idx + 1 if hasattr(embeddings, "padding_idx") else 0
