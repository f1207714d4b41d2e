"""T5, mT5, BART and their kin as writers: their loss, and their step for decoding.

B batch, S positions of the source, T of the target, N hypotheses, D hidden, H heads, V vocabulary, M labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from zhnlp.decoding.step import StepOutput
from zhnlp.models.wrapped import Wrapped

if TYPE_CHECKING:
    from transformers import EncoderDecoderCache, PreTrainedModel


@dataclass
class EncodedSource:
    """Sources that the encoder has read, a row for each hypothesis, and what the decoder keeps of its own tokens.

    Attributes:
        states: (N, S, D), of the encoder.
        mask: (N, S), 1 for real tokens.
        owners: (N,) which source each hypothesis has.
        kept: keys and values of the decoder; None before its first token.
    """

    states: Tensor
    mask: Tensor
    owners: Tensor
    kept: EncoderDecoderCache | None = None

    def select(self, rows: Tensor) -> EncodedSource:
        """The hypotheses at ``rows`` (M,), repeated or left out; in place."""
        owners = self.owners[rows]
        same = torch.equal(owners, self.owners)  # each row keeps its source and what was made of it
        self.owners = owners
        if not same:
            self.states, self.mask = self.states[rows], self.mask[rows]
        if self.kept is not None:
            self.kept.self_attention_cache.reorder_cache(rows)
            if not same:
                self.kept.cross_attention_cache.reorder_cache(rows)
        return self


class EncoderDecoder(Wrapped):
    """An encoder-decoder of transformers as a writer.

    Args:
        network: T5, mT5, BART … with its head (AutoModelForSeq2SeqLM).

    Raises:
        TypeError: it has no encoder, or no head for the vocabulary.

    Example:
        >>> from transformers import T5Config, T5ForConditionalGeneration
        >>> sizes = {"vocab_size": 9, "d_model": 8, "d_kv": 4, "d_ff": 8, "num_layers": 1, "num_heads": 2}
        >>> model = EncoderDecoder(T5ForConditionalGeneration(T5Config(**sizes))).eval()
        >>> ids, read = torch.tensor([[5, 6, 1]]), torch.tensor([[0, 7]])
        >>> model(ids, torch.ones_like(ids), read, torch.tensor([[-100, 1]]))["logits"].shape
        torch.Size([1, 9])
    """

    def __init__(self, network: PreTrainedModel):
        if not network.config.is_encoder_decoder or network.get_output_embeddings() is None:
            raise TypeError(
                f"{type(network).__name__} is no encoder-decoder with a head: expected …ForConditionalGeneration of T5, BART and "
                "their kin. Next: load_model(name, 'seq2seq-lm')"
            )
        super().__init__(network)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        decoder_input_ids: Tensor,
        labels: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Mean cross-entropy of the labels in nats (``loss``, 0-d) and the ``logits`` (M, V) of the places that have one.

        Args:
            input_ids, attention_mask: (B, S), of the source.
            decoder_input_ids: (B, T), the start and the target without its end, padded on the right.
            labels: (B, T), the token that each place is to predict, -100 for none; None for the logits of all places
                (B · T, V) and no loss.
        """
        inputs = {
            "input_ids": input_ids,
            "attention_mask": attention_mask,
            "decoder_input_ids": decoder_input_ids,
        }
        logits = self.network(**inputs, use_cache=False).logits.flatten(0, 1)
        if labels is None:
            return {"logits": logits}
        labels = labels.flatten()
        logits = logits[labels != -100]
        return {"loss": F.cross_entropy(logits.float(), labels[labels != -100]), "logits": logits}

    def start(self, source_ids: Tensor, attention_mask: Tensor) -> EncodedSource:
        """Read sources (N, S) once; the cache that `step` begins with.

        Args:
            attention_mask: (N, S), 1 for real tokens.
        """
        encoder = self.network.get_encoder()
        states = encoder(input_ids=source_ids, attention_mask=attention_mask).last_hidden_state
        return EncodedSource(states, attention_mask, torch.arange(len(states), device=states.device))

    def step(self, tokens: Tensor, cache: EncodedSource) -> StepOutput:
        """The logits of the token behind ``tokens`` (N, T); shares of the source where the attention is "eager"."""
        from transformers.modeling_outputs import BaseModelOutput

        found = self.network(
            encoder_outputs=BaseModelOutput(last_hidden_state=cache.states),
            attention_mask=cache.mask,
            decoder_input_ids=tokens,
            past_key_values=cache.kept,
            use_cache=True,
            output_attentions=self.config._attn_implementation == "eager",
        )
        cache.kept = found.past_key_values
        share = found.cross_attentions[-1][:, :, -1].mean(1) if found.cross_attentions else None
        return StepOutput(found.logits[:, -1], cache, share)
