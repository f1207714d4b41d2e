"""Random target replacement: the decoder learns to go on behind words that are not the right ones.

B batch, L positions, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from zhnlp.training.regularizers.base import Regularizer
from zhnlp.training.regularizers.decoder_inputs import DecoderInputs
from zhnlp.training.regularizers.embedding_noise import embedding_module

SOURCES = ("target", "sequence", "vocab")


class RandomTargetReplacement(Regularizer):
    """Some tokens that the decoder reads are put in the place of others; what it is to write stays.

    Batches hold ``decoder_input_ids``, or rows of UniLM (see `DecoderInputs`).

    Args:
        p_sample: probability of a row to be changed at all, 0 to 1.
        p_token: probability of each token of such a row to be replaced, 0 to 1 (the one drawn may be the same).
        source: where tokens are drawn from: "target", those that the decoder reads in the row (the post), "sequence", source
            and target of the row (the code of the post), or "vocab", any that has an embedding.
        keep_special: special tokens are neither replaced nor drawn: those of ``special_ids``, the start of the decoder, [CLS] and
            [SEP] of the rows, and the ids that the model's configuration names. Without, the start of a decoder
            may be replaced too.
        special_ids: such as ``tokenizer.all_special_ids``.

    Raises:
        ValueError: an argument is out of range, or a batch has no inputs of a decoder.

    Example:
        >>> row = {"input_ids": torch.tensor([[2, 5, 3, 7, 8, 3]]), "segments": torch.tensor([[0, 0, 0, 1, 1, 1]])}
        >>> batch = {**row, "attention_mask": torch.ones(1, 6, dtype=int)}
        >>> part = RandomTargetReplacement(p_sample=1.0, p_token=1.0)
        >>> changed = part.inputs(nn.Identity(), batch)["input_ids"][0].tolist()
        >>> changed[:3], set(changed[3:5]) <= {7, 8}, changed[5]
        ([2, 5, 3], True, 3)

    Source: 苏剑林, https://kexue.fm/archives/7259
    """

    def __init__(
        self,
        p_sample: float = 0.5,
        p_token: float = 0.3,
        *,
        source: str = "target",
        keep_special: bool = True,
        special_ids: Iterable[int] = (),
    ):
        for name, value in (("p_sample", p_sample), ("p_token", p_token)):
            if not 0 <= value <= 1:
                raise ValueError(f"{name} got {value!r}: expected a probability, 0 to 1")
        if source not in SOURCES:
            raise ValueError(f"source got {source!r}: expected one of {', '.join(map(repr, SOURCES))}")
        self.p_sample, self.p_token, self.source = float(p_sample), float(p_token), source
        self.keep_special, self.special_ids = keep_special, sorted({*special_ids})

    def inputs(self, model: nn.Module, inputs: Any) -> Any:
        if not model.training:
            return inputs
        read = DecoderInputs.of(inputs)
        ids = read.ids
        special = read.special(model, self.special_ids) if self.keep_special else ids.new_empty(0)
        rows = torch.rand((len(ids), 1), device=ids.device) < self.p_sample
        chosen = rows & (torch.rand(ids.shape, device=ids.device) < self.p_token)
        chosen &= read.target & ~torch.isin(ids, special)
        return read.changed(inputs, torch.where(chosen, self._drawn(model, read, special), ids))

    def _drawn(self, model: nn.Module, read: DecoderInputs, special: Tensor) -> Tensor:
        """A random token for each place (B, L); of a row that has none to draw from, any."""
        ids = read.ids
        if self.source == "vocab":
            pool = torch.arange(embedding_module(model).weight.shape[0], device=ids.device)
            pool = pool[~torch.isin(pool, special)]
            return pool[torch.randint(len(pool), ids.shape, device=ids.device)]
        pool, real = (ids, read.target) if self.source == "target" else read.sequence
        real = real & ~torch.isin(pool, special)
        first = (~real).long().argsort(dim=1, stable=True)  # places of the pool before all others
        count = real.sum(1, keepdim=True)
        pick = (torch.rand(ids.shape, device=ids.device) * count).long()
        pick = torch.minimum(pick, (count - 1).clamp(min=0))  # a product may be rounded up to the count
        return pool.gather(1, first.gather(1, pick))
