"""LSTM encoder and decoder with attention, self-modulated norms and a copy prior: a writer for the CPU, from scratch.

B batch (R sources in decoding), S positions of a source, T of a target, N hypotheses, D hidden, V vocabulary, M labels.

The decoder gets no state of the encoder: what it knows of the source are the largest features (the condition of its
norms), what the attention sees, and which tokens are there (the copy prior).

Source: 苏剑林, https://kexue.fm/archives/5861
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache as once
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForSeq2SeqLM, PretrainedConfig, PreTrainedModel

from zhnlp.decoding.step import StepOutput
from zhnlp.models.owners import Owners
from zhnlp.nn.bilstm import BiLSTM
from zhnlp.nn.copy_prior import CopyPrior, tokens_of
from zhnlp.nn.self_modulated_norm import SelfModulatedNorm, modulate
from zhnlp.nn.source_attention import SourceAttention

State = tuple[Tensor, Tensor]  # what an LSTM keeps of each hypothesis, 2 × (N, D)


class LSTMSeq2SeqConfig(PretrainedConfig):
    """Sizes of the network; the defaults are those of the post, but for the dropout, of which it has none.

    Args:
        vocab_size: V.
        hidden_size: D, of the embedding and of all layers; even.
        num_heads: of the attention; they divide D.
        modulation_size: features between the two maps of a norm's condition.
        dropout: share of features that training leaves out before each LSTM and before the vocabulary, 0 to below 1.
        copy_prior: whether tokens of the source are preferred from the beginning.

    Raises:
        ValueError: a size that cannot be.
    """

    model_type = "lstm-seq2seq"

    def __init__(
        self,
        vocab_size: int = 4000,
        hidden_size: int = 128,
        num_heads: int = 8,
        modulation_size: int = 32,
        dropout: float = 0.1,
        copy_prior: bool = True,
        **options: Any,
    ):
        if hidden_size < 2 or hidden_size % 2 or num_heads < 1 or hidden_size % num_heads:
            raise ValueError(
                f"hidden_size={hidden_size!r} and num_heads={num_heads!r} do not fit: expected an even size that the heads divide"
            )
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout={dropout!r} is not possible: expected a share from 0 to below 1")
        self.vocab_size, self.hidden_size, self.num_heads = vocab_size, hidden_size, num_heads
        self.modulation_size, self.dropout, self.copy_prior = modulation_size, dropout, copy_prior
        super().__init__(**options)


@dataclass(frozen=True)
class LSTMCache:
    """Sources that were read, and the state of each hypothesis.

    Attributes:
        keys, values: of the sources, (R, H, S, d).
        mask: (R, S), 1 for real tokens.
        modulations: gain and bias of the three norms, (R, 3, 2, D).
        prior: what is added to the logits of each source, (R, V); None without a copy prior.
        owners: which source each hypothesis reads.
        states: of the two LSTMs; empty before the first token.
    """

    keys: Tensor
    values: Tensor
    mask: Tensor
    modulations: Tensor
    prior: Tensor | None
    owners: Owners
    states: tuple[State, ...] = ()

    def __len__(self) -> int:
        return len(self.owners)

    def select(self, rows: Tensor) -> LSTMCache:
        """The hypotheses at ``rows`` (M,), repeated or left out; sources that none is left of are dropped."""
        owners, left = self.owners.select(rows)
        states = tuple((hidden[rows], cell[rows]) for hidden, cell in self.states)
        if left is None:
            return replace(self, owners=owners, states=states)
        prior = None if self.prior is None else self.prior[left]
        of_source = (part[left] for part in (self.keys, self.values, self.mask, self.modulations))
        return LSTMCache(*of_source, prior, owners, states)


class LSTMSeq2SeqLM(PreTrainedModel):
    """The network of post 5861: its loss, and its step for decoding.

    Example:
        >>> model = LSTMSeq2SeqLM(LSTMSeq2SeqConfig(vocab_size=9, hidden_size=8, num_heads=2)).eval()
        >>> source, target = torch.tensor([[5, 6, 7]]), torch.tensor([[2, 6]])
        >>> model(source, torch.ones_like(source), target, labels=torch.tensor([[6, 3]]))["logits"].shape
        torch.Size([2, 9])
        >>> cache = model.start(source, torch.ones_like(source))
        >>> model.step(torch.tensor([[2]]), cache).logits.shape
        torch.Size([1, 9])
    """

    config_class = LSTMSeq2SeqConfig
    main_input_name = "source_ids"

    def __init__(self, config: LSTMSeq2SeqConfig):
        super().__init__(config)
        size = config.hidden_size
        self.embedding = nn.Embedding(config.vocab_size, size)
        self.encoder_norms = nn.ModuleList(nn.LayerNorm(size) for _ in range(2))
        self.encoder = nn.ModuleList(BiLSTM(size, size // 2) for _ in range(2))
        self.decoder_norms = nn.ModuleList(
            SelfModulatedNorm(size, size, config.modulation_size) for _ in range(3)
        )
        self.decoder = nn.ModuleList(nn.LSTM(size, size, batch_first=True) for _ in range(2))
        self.attention = SourceAttention(size, config.num_heads)
        self.transform = nn.Linear(2 * size, size)
        self.output = nn.Linear(size, config.vocab_size)
        self.prior = CopyPrior(config.vocab_size) if config.copy_prior else None
        self.dropout = nn.Dropout(config.dropout)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        """The embeddings of source and target, for the regularizers that disturb them."""
        return self.embedding

    def forward(
        self, source_ids: Tensor, source_mask: Tensor, decoder_input_ids: Tensor, labels: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Mean cross-entropy of the labels in nats (``loss``, 0-d) and the ``logits`` (M, V) of the places that have one.

        Args:
            source_ids, source_mask: (B, S), padded on the right; the mask is 1 for real tokens.
            decoder_input_ids: (B, T), a token that begins, then the target.
            labels: (B, T), the token that each place is to predict, -100 for none; None for the logits of all places
                (B · T, V) and no loss.

        Raises:
            ValueError: the padding is not on the right.
        """
        cache = self.start(source_ids, source_mask)
        x = self.embedding(decoder_input_ids)  # (B, T, D)
        modulations = cache.modulations[:, :, :, None].unbind(1)  # 3 × (B, 2, 1, D)
        for lstm, modulation in zip(self.decoder, modulations):
            x, _ = lstm(self.dropout(modulate(x, *modulation.unbind(1))))
        x = modulate(x, *modulations[-1].unbind(1))
        seen, _ = self.attention(x, cache.keys, cache.values, cache.mask)
        hidden = torch.cat((x, seen.to(x.dtype)), -1).flatten(0, 1)  # (B · T, 2D)
        where = torch.arange(len(hidden), device=hidden.device)
        if labels is not None:
            where = where[labels.flatten() != -100]
        logits = self._logits(hidden[where], cache, where // decoder_input_ids.shape[1])
        if labels is None:
            return {"logits": logits}
        return {"loss": F.cross_entropy(logits.float(), labels.flatten()[where]), "logits": logits}

    def start(self, source_ids: Tensor, source_mask: Tensor) -> LSTMCache:
        """Read sources (R, S) once; the cache that `step` begins with, of one hypothesis for each.

        Args:
            source_mask: (R, S), 1 for real tokens, padding on the right; a source without any reads as zeros.

        Raises:
            ValueError: the padding is not on the right.
        """
        if bool((source_mask[:, 1:] > source_mask[:, :-1]).any()):
            raise ValueError("source_mask has padding before tokens: expected padding on the right alone")
        x = self.embedding(source_ids)  # (R, S, D)
        for norm, lstm in zip(self.encoder_norms, self.encoder):
            x = lstm(self.dropout(norm(x)), source_mask)
        padding = source_mask[..., None] == 0
        largest = x.masked_fill(padding, torch.finfo(x.dtype).min).amax(1)  # (R, D)
        largest = largest.masked_fill(padding.all(1), 0)
        modulations = [torch.stack(norm.modulation(largest), 1) for norm in self.decoder_norms]
        prior = None
        if self.prior is not None:
            tokens = tokens_of(source_ids, source_mask, self.config.vocab_size)
            prior = (self.prior(tokens) + self.output.bias) / 2
        each = Owners.one_each(len(x), x.device)
        return LSTMCache(*self.attention.read(x), source_mask, torch.stack(modulations, 1), prior, each)

    def step(self, tokens: Tensor, cache: LSTMCache) -> StepOutput:
        """The logits of the next token (N, V), and how the attention is shared out over the source (N, S).

        Args:
            tokens: (N, T), what was written since the last call; at the first the token that begins, T = 1 afterwards.
        """
        owners, states = cache.owners, cache.states
        modulations = cache.modulations[owners.numbers].unbind(1)  # 3 × (N, 2, D)
        for x in self.embedding(tokens).unbind(1):  # (N, D)
            x, states = self._advance(x, states, modulations)
        x = modulate(x, *modulations[-1].unbind(1))
        seen, share = self.attention(owners.together(x), cache.keys, cache.values, cache.mask)
        logits = self._logits(torch.cat((x, owners.apart(seen).to(x.dtype)), -1), cache, owners.numbers)
        return StepOutput(logits, replace(cache, states=states), owners.apart(share.mean(1)))

    def _advance(
        self, x: Tensor, states: Sequence[State], modulations: Sequence[Tensor]
    ) -> tuple[Tensor, tuple[State, ...]]:
        """One token (N, D) through the LSTMs of the decoder; for so few the plain cell is quicker than the fused kernel."""
        after = []
        for lstm, modulation, state in zip(
            self.decoder, modulations, states or [(torch.zeros_like(x),) * 2] * 2
        ):
            weights = (lstm.weight_ih_l0, lstm.weight_hh_l0, lstm.bias_ih_l0, lstm.bias_hh_l0)
            after.append(torch.lstm_cell(modulate(x, *modulation.unbind(1)), state, *weights))
            x = after[-1][0]
        return x, tuple(after)

    def _logits(self, hidden: Tensor, cache: LSTMCache, owners: Tensor) -> Tensor:
        """(M, V) of (M, 2D): the mean of what the network and the prior of the source say."""
        hidden = self.dropout(F.leaky_relu(self.transform(hidden), 0.2))
        if cache.prior is None:
            return self.output(hidden)
        return torch.addmm(cache.prior[owners], hidden, self.output.weight.T, alpha=0.5)

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        """As Keras has it, with which the post was trained; the forget gates start open."""
        if isinstance(module, nn.Embedding):
            nn.init.uniform_(module.weight, -0.05, 0.05)
        elif isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.LSTM):
            size = module.hidden_size
            nn.init.xavier_uniform_(module.weight_ih_l0)
            nn.init.zeros_(module.bias_ih_l0)
            nn.init.zeros_(module.bias_hh_l0)
            nn.init.ones_(module.bias_ih_l0[size : 2 * size])
            for gate in module.weight_hh_l0.chunk(4):
                nn.init.orthogonal_(gate)


@once
def register() -> None:
    """Make the network known to the Auto classes of transformers."""
    AutoConfig.register(LSTMSeq2SeqConfig.model_type, LSTMSeq2SeqConfig)
    AutoModelForSeq2SeqLM.register(LSTMSeq2SeqConfig, LSTMSeq2SeqLM)
