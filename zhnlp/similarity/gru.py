"""The network and tokenizer of a new GRU encoder, from the texts that it is to read.

Source: 苏剑林, https://kexue.fm/archives/5743
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from zhnlp.models.gru_encoder import GRUEncoder, GRUEncoderConfig
from zhnlp.similarity.reading import ids_of
from zhnlp.tokenizers.characters import character_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


def new_gru(
    texts: Sequence[str],
    *,
    embedding_size: int,
    hidden_size: int,
    state_size: int | None,
    min_count: int,
    max_length: int,
    dropout: float,
    seed: int,
) -> tuple[GRUEncoder, PreTrainedTokenizerFast]:
    """An untrained network and the tokenizer of its characters; with ``state_size`` these begin with the weight of their rarity.

    Raises:
        ValueError: no character occurs so often, or sizes do not fit.

    Example:
        >>> sizes = {"embedding_size": 8, "hidden_size": 8, "state_size": 4}
        >>> network, tokenizer = new_gru(["你好", "你早"], **sizes, min_count=1, max_length=32, dropout=0.0, seed=0)
        >>> [round(one, 2) for one in network.character_weight.weight[2:, 0].tolist()]  # 你, 好, 早
        [0.0, 0.85, 0.85]
    """
    tokenizer = character_tokenizer(texts, min_count=min_count, max_length=max_length)
    config = GRUEncoderConfig(
        len(tokenizer),
        embedding_size,
        hidden_size,
        max_position_embeddings=max(512, max_length),
        state_size=state_size,
        embedding_dropout=0.0 if state_size is None else dropout,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = GRUEncoder(config)
    if state_size is not None:
        rows, _ = ids_of(tokenizer, texts, max_length)
        with torch.no_grad():
            network.character_weight.weight.copy_(torch.tensor(rarity(rows, len(tokenizer)))[:, None])
    return network, tokenizer


def rarity(rows: Sequence[Sequence[int]], size: int) -> list[float]:
    """``log((N + 1) / (n + 1))`` of each id in 0 … ``size`` - 1, n of N rows having it, divided by their mean; 0 of the padding 0.

    Where all rows have all ids the weights are 1.

    Example:
        >>> [round(one, 2) for one in rarity([[1, 2], [1, 3], [1]], 4)]
        [0.0, 0.0, 1.5, 1.5]
    """
    seen = Counter(entry for row in rows for entry in set(row))
    found = [math.log((len(rows) + 1) / (seen[entry] + 1)) for entry in range(1, size)]
    mean = sum(found) / len(found)
    return [0.0, *(one / mean if mean else 1.0 for one in found)]
