"""Room for copy slots in a network of transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from zhnlp.seq2seq.copy_slots import CopySlots

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


def add_slots(network: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, count: int) -> None:
    """Copy slots behind the vocabulary, their embeddings near that of [UNK]; in place."""
    before = network.get_input_embeddings().weight.shape[0]
    slots = CopySlots.add(tokenizer, count)
    if not slots.ids or max(slots.ids) < before:
        return
    network.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    with torch.no_grad():
        weight = network.get_input_embeddings().weight
        generator = torch.Generator().manual_seed(0)
        noise = torch.randn((len(weight) - before, weight.shape[1]), generator=generator)
        weight[before:] = weight[tokenizer.unk_token_id] + weight[:before].std() * noise.to(weight)
