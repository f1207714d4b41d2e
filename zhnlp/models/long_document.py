"""A short encoder made one for long documents: more positions, and attention to neighbours and to global tokens.

P positions before, L after, D hidden, d features a head.

Position embeddings are repeated, as Longformer's were; of rotary positions the table goes on.  Texts that a window covers come
out as before.  What lies further is new to the model: train it on (masked) long documents before its longer texts are trusted.

Source: Beltagy et al. 2020, https://arxiv.org/abs/2004.05150 (section 5); 苏剑林, https://kexue.fm/archives/6853
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from zhnlp.models.sparse_layers import check_encoder, sparsify
from zhnlp.nn.masks import check_whole
from zhnlp.nn.rotary import rotary_angles
from zhnlp.nn.sparse_attention import LocalGlobal, Pattern

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def to_long_document(
    network: PreTrainedModel, length: int = 4096, pattern: Pattern | None = None
) -> PreTrainedModel:
    """Give an encoder positions for ``length`` tokens and a sparse pattern, in place.

    ``save_pretrained`` writes it, `zhnlp.models.loading.load_model` loads it again with its pattern.  Give the tokenizer the
    length too: ``tokenizer.model_max_length = length``.

    Args:
        network: BERT, RoFormer, RoBERTa, ERNIE, ELECTRA …, with any head.
        length: tokens of a text, special ones included; at least as many as now.
        pattern: None for windows of 256 to each side and a global first token.

    Raises:
        TypeError: the network is no encoder of BERT's layout, or its positions are neither embeddings nor rotary.
        ValueError: ``length`` is less than the model has.

    Example:
        >>> from transformers import BertConfig, BertModel
        >>> sizes = {"vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
        >>> model = to_long_document(BertModel(BertConfig(**sizes, max_position_embeddings=4)).eval(), 10, LocalGlobal(3))
        >>> model(torch.arange(9)[None])[0].shape
        torch.Size([1, 9, 8])

    Source: Beltagy et al. 2020, https://arxiv.org/abs/2004.05150
    """
    length = check_whole(length, "length", 1)
    check_encoder(network)
    base = network.base_model
    embeddings = base.embeddings
    # RoBERTa and its kin leave the first rows to padding
    kept = embeddings.padding_idx + 1 if hasattr(embeddings, "padding_idx") else 0
    now = network.config.max_position_embeddings - kept
    if length < now:
        raise ValueError(
            f"length got {length:,}: the model has {now:,} positions already, expected as many or more"
        )
    relative = getattr(network.config, "position_embedding_type", None) or "absolute"
    rotary = getattr(base.encoder, "embed_positions", None)
    learnt = getattr(embeddings, "position_embeddings", None)
    if relative != "absolute" or (rotary is None and learnt is None):
        raise TypeError(
            f"{type(network).__name__} has positions of the kind {relative!r}: expected embeddings or rotary ones"
        )
    sparsify(network, LocalGlobal(256) if pattern is None else pattern)
    if rotary is not None:
        _put(rotary, continued(rotary.weight, length))
    else:
        _put(learnt, tiled(learnt.weight, kept + length, kept))
        for name in ("position_ids", "token_type_ids"):
            if (values := getattr(embeddings, name, None)) is not None:
                longer = torch.arange(kept + length, device=values.device)[None]
                setattr(embeddings, name, longer if name == "position_ids" else torch.zeros_like(longer))
    for config in {id(part.config): part.config for part in (network, base)}.values():
        config.max_position_embeddings = kept + length
    return network


def tiled(weight: Tensor, length: int, kept: int = 0) -> Tensor:
    """Rows (P, D) repeated until there are ``length``, but for the first ``kept``, which come once.

    Example:
        >>> tiled(torch.tensor([[9.0], [1.0], [2.0]]), 6, kept=1).flatten().tolist()
        [9.0, 1.0, 2.0, 1.0, 2.0, 1.0]
    """
    rows = torch.arange(length, device=weight.device)
    again = (rows - kept).clamp_min(0) % (len(weight) - kept) + kept
    return weight.detach()[torch.where(rows < kept, rows, again)].clone()


def continued(table: Tensor, length: int) -> Tensor:
    """RoFormer's table (P, d) of sines and cosines with ``length`` rows; the first ones stay what they are.

    Example:
        >>> continued(torch.tensor([[0.0, 1.0]]), 2).tolist()
        [[0.0, 1.0], [0.8414..., 0.5403...]]
    """
    size = table.shape[1]
    cos, sin = (
        angle[len(table) :, : size // 2] for angle in rotary_angles(length, size, device=table.device)
    )
    return torch.cat((table.detach(), torch.cat((sin, cos), 1).to(table.dtype)))


def _put(embedding: nn.Embedding, weight: Tensor) -> None:
    embedding.weight = nn.Parameter(weight, requires_grad=embedding.weight.requires_grad)
    embedding.num_embeddings = len(weight)
